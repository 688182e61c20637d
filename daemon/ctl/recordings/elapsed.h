/*
 * Times inside of a recording.
 */
#ifndef DAEMON_CTL_RECORDINGS_ELAPSED_H
#define DAEMON_CTL_RECORDINGS_ELAPSED_H

#include <stdint.h>

#define ELAPSED_SIZE 40

/* "00:01:02.345678", from microseconds; returns text. */
const char *elapsed_print(uint64_t micros, char text[ELAPSED_SIZE]);

/* "00:01:02" */
const char *elapsed_seconds(uint64_t micros, char text[ELAPSED_SIZE]);

#endif
