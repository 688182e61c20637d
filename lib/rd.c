/*
 * The bounds-checked reader that every parser stands on.  All arithmetic on
 * positions is in rd_bytes().
 */
#include "lib/rd.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <string.h>

static const uint8_t nowhere[1];

void
rd_init(struct rd *r, const void *data, size_t len)
{
	r->data = data;
	r->len = len;
	r->pos = 0;
	r->err = 0;
}

void
rd_fail(struct rd *r, int err)
{
	if (r->err == 0)
		r->err = err;
}

size_t
rd_left(const struct rd *r)
{
	return r->err != 0 ? 0 : r->len - r->pos;
}

const uint8_t *
rd_bytes(struct rd *r, size_t len)
{
	const uint8_t *at;

	if (r->err != 0)
		return nowhere;
	if (len > r->len - r->pos) {
		rd_fail(r, E_TRUNCATED);
		return nowhere;
	}
	if (len == 0)
		return r->data == NULL ? nowhere : &r->data[r->pos];
	at = &r->data[r->pos];
	r->pos += len;
	return at;
}

uint8_t
rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return r->err != 0 ? 0 : p[0];
}

uint16_t
rd_u16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);

	return r->err != 0 ? 0 : (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

uint32_t
rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);

	return r->err != 0 ? 0 :
			     (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3];
}

uint64_t
rd_u64(struct rd *r)
{
	uint64_t high = rd_u32(r);

	return high << 32 | rd_u32(r);
}

bool
rd_bool(struct rd *r)
{
	return rd_u8(r) != 0;
}

void
rd_copy(struct rd *r, void *to, size_t len)
{
	const uint8_t *from = rd_bytes(r, len);

	if (r->err != 0)
		memset(to, 0, len);
	else
		memcpy(to, from, len);
}

const uint8_t *
rd_string(struct rd *r, size_t max, size_t *len)
{
	uint32_t want = rd_u32(r);
	const uint8_t *at;

	*len = 0;
	if (r->err == 0 && want > max)
		rd_fail(r, E_TOO_LARGE);
	at = rd_bytes(r, want);
	if (r->err != 0)
		return nowhere;
	*len = want;
	return at;
}

void
rd_text(struct rd *r, char *text, size_t size)
{
	size_t len;
	const uint8_t *at = rd_string(r, size - 1, &len);

	text[0] = '\0';
	if (r->err == 0 && memchr(at, '\0', len) != NULL)
		rd_fail(r, E_FORMAT);
	if (r->err != 0)
		return;
	memcpy(text, at, len);
	text[len] = '\0';
}

char *
rd_strdup(struct rd *r, size_t max)
{
	size_t len = 0;
	const uint8_t *text = rd_string(r, max, &len);

	return text == NULL ? mem_strdup("") :
			      mem_strndup((const char *)text, len);
}

const uint8_t *
rd_mpint(struct rd *r, size_t max, size_t *len)
{
	const uint8_t *at = rd_string(r, max < SIZE_MAX ? max + 1 : max, len);

	if (r->err != 0 || *len == 0)
		return at;
	if ((at[0] & 0x80) != 0)
		rd_fail(r, E_FORMAT); /* negative */
	else if (at[0] == 0 && (*len == 1 || (at[1] & 0x80) == 0))
		rd_fail(r, E_FORMAT); /* not the shortest form */
	else if (at[0] == 0) {
		(*len)--;
		at = &at[1];
	}
	if (r->err == 0 && *len > max)
		rd_fail(r, E_TOO_LARGE);
	if (r->err != 0) {
		*len = 0;
		return nowhere;
	}
	return at;
}

void
rd_sub(struct rd *r, size_t max, struct rd *inner)
{
	size_t len;
	const uint8_t *at = rd_string(r, max, &len);

	rd_init(inner, at, len);
	inner->err = r->err;
}

const uint8_t *
rd_rest(struct rd *r, size_t *len)
{
	*len = rd_left(r);
	return rd_bytes(r, *len);
}

int
rd_end(const struct rd *r)
{
	if (r->err != 0)
		return r->err;
	return r->pos == r->len ? 0 : E_TRAILING;
}
