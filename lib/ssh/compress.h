/*
 * zlib@openssh.com: the payloads of one direction as one deflate stream,
 * flushed at each packet (RFC 4253 section 6.2).
 */
#ifndef LIB_SSH_COMPRESS_H
#define LIB_SSH_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

struct compressor;
struct inflater;

/* NULL when zlib refuses. */
struct compressor *compressor_new(void);
void compressor_free(struct compressor *c); /* NULL is harmless */
/* Bytes that len bytes become at most. */
size_t compressor_bound(struct compressor *c, size_t len);
/* 0, E_TOO_LARGE when out is too small (the stream is then useless). */
int compressor_run(struct compressor *c, const uint8_t *in, size_t len,
    uint8_t *out, size_t room, size_t *made);

/* Inflates at most max bytes a payload. */
struct inflater *inflater_new(size_t max);
void inflater_free(struct inflater *i);
/*
 * One payload; *out is the inflater's until the next call.  0, E_TOO_LARGE
 * for a payload that grows over the maximum, E_FORMAT.  After an error the
 * stream is useless.
 */
int inflater_run(struct inflater *i, const uint8_t *in, size_t len,
    uint8_t **out, size_t *made);
/* Give back the output buffer until it is needed again. */
void inflater_trim(struct inflater *i);

#endif
