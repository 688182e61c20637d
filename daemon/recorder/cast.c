/*
 * Lines, blocks and hashes of a recording.  A line is hashed into its block's
 * chain as it lies in the buffer; the file gets the buffer with few large
 * writes, and only what it has taken counts for the manifest.
 */
#include "daemon/recorder/cast.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_ROOM (CAST_LINE * QUOTE_GROWTH + 64)
/* Kept back for the mark and the block at the end. */
#define RESERVE	   512
#define BLOCK_FILL (CAST_BLOCK - RESERVE)

static const char domain[] = "sallyport-recording"; /* with its NUL */

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int
cast_prepare(struct cast *c)
{
	c->fd = -1;
	c->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	c->chain = EVP_MD_CTX_new();
	if (c->md == NULL || c->chain == NULL ||
	    EVP_DigestInit_ex(c->chain, c->md, NULL) != 1)
		return E_CRYPTO;
	c->buffer = mem_alloc(CAST_BUFFER);
	return 0;
}

bool
cast_is_good(const struct cast *c)
{
	return c->state == CAST_GOOD;
}

static void
fail(struct cast *c, int error)
{
	c->state = CAST_FAILED;
	c->error = error;
	c->len = c->chained = 0;
}

/* libcrypto cannot fail here but for a fault of its own: fail closed. */
static void
hash(struct cast *c, const void *data, size_t len)
{
	if (len != 0 && EVP_DigestUpdate(c->chain, data, len) != 1)
		fail(c, EIO);
}

static void
chain(struct cast *c)
{
	hash(c, &c->buffer[c->chained], c->len - c->chained);
	c->chained = c->len;
}

void
cast_flush(struct cast *c)
{
	size_t at = 0;

	if (c->state != CAST_GOOD && c->state != CAST_FULL)
		return;
	chain(c);
	while (at < c->len) {
		ssize_t n = write(c->fd, &c->buffer[at], c->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(c, n < 0 ? errno : ENOSPC);
			return;
		}
		at += (size_t)n;
		c->size += (size_t)n;
	}
	c->len = c->chained = 0;
	c->size_blocks = c->blocks;
	memcpy(c->size_head, c->head, CAST_HASH);
}

void
cast_begin(
    struct cast *c, int fd, uint64_t max_size, const void *header, size_t len)
{
	c->fd = fd;
	c->state = CAST_GOOD;
	c->max_size = max_size;
	c->origin = now_us();
	hash(c, domain, sizeof(domain));
	if (len > CAST_BUFFER) {
		fail(c, E2BIG);
		return;
	}
	memcpy(c->buffer, header, len);
	c->len = len;
	cast_flush(c);
}

/* ---- lines ----------------------------------------------------------------
 */

/* A place for a line of at most LINE_ROOM; its time and code are in it. */
static uint8_t *
begin_line(struct cast *c, char code, size_t *len)
{
	uint64_t t = now_us() - c->origin;
	uint8_t *at;

	if (CAST_BUFFER - c->len < LINE_ROOM)
		cast_flush(c);
	if (c->state == CAST_FAILED)
		return NULL;
	at = &c->buffer[c->len];
	*len = (size_t)sprintf((char *)at, "[%llu.%06llu, \"%c\", \"",
	    (unsigned long long)(t / 1000000),
	    (unsigned long long)(t % 1000000), code);
	return at;
}

static size_t
close_line(uint8_t *at, size_t len)
{
	memcpy(&at[len], "\"]\n", 3);
	return len + 3;
}

static size_t
put_hex(uint8_t *at, const uint8_t hash[CAST_HASH])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < CAST_HASH; i++) {
		at[2 * i] = (uint8_t)digits[hash[i] >> 4];
		at[2 * i + 1] = (uint8_t)digits[hash[i] & 15];
	}
	return (size_t)2 * CAST_HASH;
}

/*
 * The block's last line, which is hashed up to the hash that it tells: so what
 * the chain's head says holds for every byte of the file.
 */
static void
end_block(struct cast *c)
{
	uint8_t *at;
	size_t len;

	if ((at = begin_line(c, 'b', &len)) == NULL)
		return;
	len += (size_t)sprintf(
	    (char *)&at[len], "%llu ", (unsigned long long)c->blocks);
	c->len += len;
	chain(c);
	if (EVP_DigestFinal_ex(c->chain, c->head, NULL) != 1 ||
	    EVP_DigestInit_ex(c->chain, c->md, NULL) != 1) {
		fail(c, EIO);
		return;
	}
	at += len;
	c->len += close_line(at, put_hex(at, c->head));
	c->chained = c->len;
	hash(c, c->head, CAST_HASH);
	c->blocks++;
	c->block_len = 0;
	c->block_since = 0;
}

/* The line at the buffer's end, of len bytes, is the block's. */
static void
take_line(struct cast *c, size_t len)
{
	if (c->block_len == 0)
		c->block_since = now_us();
	c->block_len += len;
	c->len += len;
}

static void
put_mark(struct cast *c, const char *text)
{
	size_t len, taken, n = strlen(text);
	uint8_t *at = begin_line(c, 'm', &len);

	if (at == NULL)
		return;
	len += quote_bytes(&at[len], (const uint8_t *)text, n, true, &taken);
	take_line(c, close_line(at, len));
	c->marks++;
}

/* A line of room bytes at most is to come: may it, and in which block? */
static bool
make_room(struct cast *c, size_t room)
{
	if (c->state != CAST_GOOD)
		return false;
	if (c->size + c->len + room + RESERVE > c->max_size) {
		put_mark(c, "full");
		end_block(c);
		if (c->state == CAST_GOOD)
			c->state = CAST_FULL;
		return false;
	}
	if (c->block_len != 0 && c->block_len + room > BLOCK_FILL)
		end_block(c);
	return c->state == CAST_GOOD;
}

/* One line; how much of data is in it. */
static size_t
put_data(struct cast *c, enum cast_stream stream, const uint8_t *data,
    size_t len, bool last)
{
	static const char codes[] = {'o', 'e', 'i'};
	size_t line, body, taken, n = len < CAST_LINE ? len : CAST_LINE;
	uint8_t *at;

	if ((at = begin_line(c, codes[stream], &line)) == NULL)
		return len;
	body = quote_bytes(&at[line], data, n, last && n == len, &taken);
	if (taken == 0)
		return 0;
	/* Measured before it is the block's, or the file is full. */
	if (c->size + c->len + line + body + 3 + RESERVE > c->max_size ||
	    (c->block_len != 0 && c->block_len + line + body + 3 > BLOCK_FILL))
		return make_room(c, line + body + 3) ? 0 : len;
	take_line(c, close_line(at, line + body));
	return taken;
}

static void
put_stream(struct cast *c, enum cast_stream stream, const uint8_t *data,
    size_t len, bool last)
{
	while (len > 0 && c->state == CAST_GOOD) {
		uint64_t blocks = c->blocks;
		size_t n = put_data(c, stream, data, len, last);

		data += n;
		len -= n;
		/* Again for a new block; else a character's start is left. */
		if (n == 0 && c->blocks == blocks)
			break;
	}
	if (len > QUOTE_TAIL_MAX)
		len = 0;
	memcpy(c->tail[stream], data, len);
	c->tail_len[stream] = len;
}

void
cast_data(struct cast *c, enum cast_stream stream, const void *data, size_t len)
{
	uint8_t joined[QUOTE_TAIL_MAX + 4];
	const uint8_t *from = data;
	size_t tail = c->tail_len[stream], n;

	if (c->state != CAST_GOOD)
		return;
	c->bytes[stream] += len;
	if (tail != 0) {
		/* The character that was split, alone. */
		n = len < sizeof(joined) - tail ? len : sizeof(joined) - tail;
		memcpy(joined, c->tail[stream], tail);
		memcpy(&joined[tail], from, n);
		put_stream(c, stream, joined, tail + n, false);
		from += n;
		len -= n;
		if (len == 0 || c->tail_len[stream] == 0) {
			if (len != 0)
				put_stream(c, stream, from, len, false);
			return;
		}
		/* Its end splits another one: what has been taken of this. */
		from -= c->tail_len[stream];
		len += c->tail_len[stream];
	}
	put_stream(c, stream, from, len, false);
}

void
cast_resize(struct cast *c, unsigned columns, unsigned rows)
{
	size_t len;
	uint8_t *at;

	if (!make_room(c, 128) || (at = begin_line(c, 'r', &len)) == NULL)
		return;
	len += (size_t)sprintf((char *)&at[len], "%ux%u", columns, rows);
	take_line(c, close_line(at, len));
}

void
cast_mark(struct cast *c, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (make_room(c, sizeof(text) * QUOTE_GROWTH + 64))
		put_mark(c, text);
}

int
cast_age(struct cast *c)
{
	uint64_t age;

	if (c->state != CAST_GOOD || c->block_len == 0)
		return -1;
	age = (now_us() - c->block_since) / 1000;
	if (age < CAST_BLOCK_MS)
		return (int)(CAST_BLOCK_MS - age);
	end_block(c);
	cast_flush(c);
	return -1;
}

void
cast_finish(struct cast *c)
{
	for (int s = 0; s < CAST_STREAMS; s++)
		if (c->tail_len[s] != 0 && c->state == CAST_GOOD) {
			uint8_t tail[QUOTE_TAIL_MAX];
			size_t len = c->tail_len[s];

			memcpy(tail, c->tail[s], len);
			put_stream(c, (enum cast_stream)s, tail, len, true);
		}
	if (c->state == CAST_GOOD && (c->block_len != 0 || c->blocks == 0))
		end_block(c);
	cast_flush(c);
	if ((c->state == CAST_GOOD || c->state == CAST_FULL) &&
	    fdatasync(c->fd) != 0)
		fail(c, errno);
}

void
cast_free(struct cast *c)
{
	EVP_MD_CTX_free(c->chain);
	EVP_MD_free(c->md);
	free(c->buffer);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}
