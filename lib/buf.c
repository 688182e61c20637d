/*
 * The writer of SSH data, for messages, keys and wall traffic.  The bulk path
 * of the worker does not use it: its packets are built in place.
 */
#include "lib/buf.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
	b->owned = true;
}

void
buf_init_over(struct buf *b, void *memory, size_t size)
{
	memset(b, 0, sizeof(*b));
	b->data = memory;
	b->room = b->max = size;
}

void
buf_free(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	if (b->owned) {
		free(b->data);
		b->data = NULL;
		b->room = 0;
	}
	b->len = 0;
	b->err = 0;
}

void
buf_clear(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	b->len = 0;
	b->err = 0;
}

/* Not realloc(): that would leave the old bytes in the heap. */
static void
grow(struct buf *b, size_t need)
{
	size_t room = b->room < 256 ? 256 : b->room;
	uint8_t *data;

	while (room < need)
		room *= 2;
	if (room > b->max)
		room = b->max;
	data = mem_alloc(room);
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->len);
		free(b->data);
	}
	b->data = data;
	b->room = room;
}

uint8_t *
buf_add(struct buf *b, size_t len)
{
	uint8_t *at;

	if (b->err != 0)
		return NULL;
	if (len > b->max - b->len) {
		b->err = E_TOO_LARGE;
		return NULL;
	}
	if (b->data == NULL || b->len + len > b->room)
		grow(b, b->len + len);
	at = &b->data[b->len];
	b->len += len;
	return at;
}

void
buf_bytes(struct buf *b, const void *data, size_t len)
{
	uint8_t *at = buf_add(b, len);

	if (at != NULL && len != 0)
		memcpy(at, data, len);
}

void
buf_u8(struct buf *b, uint8_t value)
{
	buf_bytes(b, &value, 1);
}

void
buf_u16(struct buf *b, uint16_t value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	buf_bytes(b, bytes, sizeof(bytes));
}

static void
store_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

void
buf_u32(struct buf *b, uint32_t value)
{
	uint8_t bytes[4];

	store_u32(bytes, value);
	buf_bytes(b, bytes, sizeof(bytes));
}

void
buf_u64(struct buf *b, uint64_t value)
{
	buf_u32(b, (uint32_t)(value >> 32));
	buf_u32(b, (uint32_t)value);
}

void
buf_bool(struct buf *b, bool value)
{
	buf_u8(b, value ? 1 : 0);
}

void
buf_string(struct buf *b, const void *data, size_t len)
{
	if (len > UINT32_MAX) {
		if (b->err == 0)
			b->err = E_TOO_LARGE;
		return;
	}
	buf_u32(b, (uint32_t)len);
	buf_bytes(b, data, len);
}

void
buf_text(struct buf *b, const char *text)
{
	buf_string(b, text, strlen(text));
}

void
buf_mpint(struct buf *b, const void *magnitude, size_t len)
{
	const uint8_t *bytes = magnitude;
	size_t skip = 0;
	bool pad;

	while (skip < len && bytes[skip] == 0)
		skip++;
	pad = skip < len && (bytes[skip] & 0x80) != 0;
	buf_u32(b, (uint32_t)(len - skip + (pad ? 1 : 0)));
	if (pad)
		buf_u8(b, 0);
	if (len > skip)
		buf_bytes(b, &bytes[skip], len - skip);
}

size_t
buf_string_open(struct buf *b)
{
	size_t mark = b->len;

	buf_u32(b, 0);
	return mark;
}

void
buf_string_close(struct buf *b, size_t mark)
{
	if (b->err == 0)
		store_u32(&b->data[mark], (uint32_t)(b->len - mark - 4));
}

void
buf_consume(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	memmove(b->data, &b->data[len], b->len - len);
	explicit_bzero(&b->data[b->len - len], len);
	b->len -= len;
}

int
buf_end(const struct buf *b)
{
	return b->err;
}
