/*
 * Compression of payloads, for the worker.  What a payload inflates to is
 * bounded, so a small packet cannot cost much time or memory.
 */
#include "lib/ssh/compress.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* zlib's documentation asks for six bytes more than fit for a flush. */
#define FLUSH_EXTRA 16
#define OUT_FIRST   (32 * 1024)

struct compressor {
	z_stream z;
};

struct inflater {
	z_stream z;
	uint8_t *out;
	size_t room, max;
};

struct compressor *
compressor_new(void)
{
	struct compressor *c = mem_zalloc(sizeof(*c));

	if (deflateInit(&c->z, 6) != Z_OK) {
		free(c);
		return NULL;
	}
	return c;
}

void
compressor_free(struct compressor *c)
{
	if (c == NULL)
		return;
	deflateEnd(&c->z);
	free(c);
}

size_t
compressor_bound(struct compressor *c, size_t len)
{
	return deflateBound(&c->z, len) + FLUSH_EXTRA;
}

int
compressor_run(struct compressor *c, const uint8_t *in, size_t len,
    uint8_t *out, size_t room, size_t *made)
{
	c->z.next_in = (uint8_t *)(uintptr_t)in; /* zlib only reads it */
	c->z.avail_in = (uInt)len;
	c->z.next_out = out;
	c->z.avail_out = (uInt)room;
	if (deflate(&c->z, Z_PARTIAL_FLUSH) != Z_OK || c->z.avail_in != 0 ||
	    c->z.avail_out == 0)
		return E_TOO_LARGE;
	*made = room - c->z.avail_out;
	return 0;
}

struct inflater *
inflater_new(size_t max)
{
	struct inflater *i = mem_zalloc(sizeof(*i));

	if (inflateInit(&i->z) != Z_OK) {
		free(i);
		return NULL;
	}
	i->max = max;
	return i;
}

void
inflater_trim(struct inflater *i)
{
	if (i->out != NULL)
		explicit_bzero(i->out, i->room);
	free(i->out);
	i->out = NULL;
	i->room = 0;
}

void
inflater_free(struct inflater *i)
{
	if (i == NULL)
		return;
	inflateEnd(&i->z);
	inflater_trim(i);
	free(i);
}

/* Twice the room, up to the maximum; false when that is reached. */
static int
grow(struct inflater *i, size_t used)
{
	size_t room = i->room == 0 ? OUT_FIRST : i->room * 2;
	uint8_t *out;

	if (room > i->max)
		room = i->max;
	if (room <= i->room)
		return E_TOO_LARGE;
	out = mem_alloc(room);
	if (used != 0)
		memcpy(out, i->out, used);
	inflater_trim(i);
	i->out = out;
	i->room = room;
	return 0;
}

int
inflater_run(struct inflater *i, const uint8_t *in, size_t len, uint8_t **out,
    size_t *made)
{
	size_t used = 0;
	int result, err;

	i->z.next_in = (uint8_t *)(uintptr_t)in;
	i->z.avail_in = (uInt)len;
	for (;;) {
		if (used == i->room && (err = grow(i, used)) != 0)
			return err;
		i->z.next_out = &i->out[used];
		i->z.avail_out = (uInt)(i->room - used);
		result = inflate(&i->z, Z_SYNC_FLUSH);
		if (result != Z_OK && result != Z_BUF_ERROR)
			return E_FORMAT;
		used = i->room - i->z.avail_out;
		if (i->z.avail_out != 0)
			break;
	}
	if (i->z.avail_in != 0)
		return E_FORMAT;
	*out = i->out;
	*made = used;
	return 0;
}
