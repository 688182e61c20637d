/*
 * Programs that come in packages of their own and speak over walls tell their
 * version: this one's, and a sum of the messages of their paths.
 */
#ifndef PRIVSEP_WALL_VERSION_H
#define PRIVSEP_WALL_VERSION_H

#include "privsep/wall.h"

#include <stdint.h>

/* Length of the text, its end included. */
#define WALL_VERSION_MAX 64

#define WALL_VERSION_START 0xcbf29ce484222325u

/* For the lists of a path's messages: each into the variable `sum`. */
#define WALL_VERSION_FIELD(type, name, limit) \
	wall_version_add(&sum, #type " " #name, (limit));
#define WALL_VERSION_ADD(name_, states, budget, fds, answers)                \
	wall_version_add(&sum, #name_, ((uint64_t)MSG_##name_ << 32) | fds); \
	WALL_##name_(WALL_VERSION_FIELD)

/* Into a sum that began as WALL_VERSION_START. */
void wall_version_add(uint64_t *sum, const char *text, uint64_t number);

/* "PACKAGE_VERSION/sum". */
void wall_version_write(char text[WALL_VERSION_MAX], uint64_t sum);

#endif
