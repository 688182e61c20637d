/*
 * RFC 4648 section 4, as keys are written in text.
 */
#ifndef LIB_SSH_BASE64_H
#define LIB_SSH_BASE64_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* Room for len encoded bytes and the NUL. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/*
 * Write data as text[size] with padding and a NUL; size is at least
 * BASE64_SIZE(len).  The length of the text.
 */
size_t base64_encode(const void *data, size_t len, char *text, size_t size);

/*
 * Append the decoded bytes of exactly len characters.  Strict: no white
 * space, padding where it belongs, no loose bits.  0, E_FORMAT or E_TOO_LARGE.
 */
int base64_decode(const char *text, size_t len, struct buf *b);

#endif
