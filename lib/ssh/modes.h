/*
 * Encoded terminal modes (RFC 4254 section 8): unknown opcodes are passed over,
 * a list that is cut short holds as far as it goes.
 */
#ifndef LIB_SSH_MODES_H
#define LIB_SSH_MODES_H

#include <stddef.h>
#include <stdint.h>

struct termios;

/* Into *t, which holds the modes as they are. */
void modes_decode(const uint8_t *modes, size_t len, struct termios *t);
/* Onto a terminal, by its master side. */
void modes_apply(int fd, const uint8_t *modes, size_t len);

#endif
