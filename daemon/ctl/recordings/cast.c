/*
 * The reader of a recording: cast.h.
 */
#include "daemon/ctl/recordings/cast.h"

#include "daemon/ctl/recordings/fields.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_FIRST 65536
#define END_SIZE   (2 * CAST_HASH + 3) /* HEX"]LF: the end of a block's line */

#define ROW(name, type, required)                                          \
	{                                                                  \
#name, type, offsetof(struct cast_header, name), required, \
		    NULL                                                   \
	}
static const struct field_row own_rows[] = {
    ROW(format, IS_NUMBER, true),
    ROW(host, IS_TEXT, false),
    ROW(conn, IS_TEXT, true),
    ROW(channel, IS_NUMBER, true),
    ROW(user, IS_TEXT, true),
    ROW(rule, IS_TEXT, false),
    ROW(source, IS_TEXT, false),
    ROW(port, IS_NUMBER, false),
    ROW(kind, IS_TEXT, true),
    ROW(pty, IS_BOOL, false),
    ROW(request, IS_TEXT, false),
    ROW(fp, IS_TEXT, false),
    ROW(input, IS_BOOL, false),
    ROW(required, IS_BOOL, false),
    ROW(started, IS_TEXT, true),
    {NULL, IS_TEXT, 0, false, NULL},
};
static const struct field_row env_rows[] = {
    {"TERM", IS_TEXT, offsetof(struct cast_header, term), false, NULL},
    {NULL, IS_TEXT, 0, false, NULL},
};
static const struct field_row header_rows[] = {
    ROW(version, IS_NUMBER, true),
    ROW(width, IS_NUMBER, true),
    ROW(height, IS_NUMBER, true),
    ROW(timestamp, IS_NUMBER, true),
    ROW(command, IS_TEXT, false),
    {"env", IS_OBJECT, 0, false, env_rows},
    {"sallyport", IS_OBJECT, 0, true, own_rows},
    {NULL, IS_TEXT, 0, false, NULL},
};

static int __attribute__((format(printf, 3, 4)))
complain(struct cast *c, int err, const char *format, ...)
{
	char what[CAST_WHY_MAX / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(
	    c->why, sizeof(c->why), "line %" PRIu64 ": %s", c->number, what);
	return err;
}

/* ---- lines ---- */

static bool
refill(struct cast *c, size_t max)
{
	ssize_t n;

	if (c->begin > 0) {
		memmove(c->room, &c->room[c->begin], c->end - c->begin);
		c->end -= c->begin;
		c->begin = 0;
	}
	if (c->end == c->size) {
		c->size = c->size == 0 ? ROOM_FIRST : 2 * c->size;
		if (c->size > max + 1)
			c->size = max + 1;
		c->room = mem_grow(c->room, c->size, 1);
	}
	do
		n = read(c->fd, &c->room[c->end], c->size - c->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		complain(c, 0, "cannot be read: %s", strerror(errno));
	if (n > 0)
		c->end += (size_t)n;
	return n > 0;
}

/* The next line with its LF: its length, or 0 and what was found instead. */
static size_t
take_line(struct cast *c, size_t max, const char **line, enum cast_found *found)
{
	size_t looked = 0;
	const char *lf = NULL;

	c->why[0] = '\0';
	for (;;) {
		size_t have = c->end - c->begin;

		if (have > looked)
			lf = memchr(
			    &c->room[c->begin + looked], '\n', have - looked);
		if (lf != NULL)
			break;
		if (have > max) {
			c->number++;
			complain(
			    c, 0, "the line is longer than %zu bytes", max);
			*found = CAST_BAD;
			return 0;
		}
		looked = have;
		if (refill(c, max))
			continue;
		c->cut = have > 0 && c->why[0] == '\0';
		*found = c->why[0] != '\0' ? CAST_BAD :
		    have > 0		   ? CAST_CUT :
					     CAST_END;
		return 0;
	}
	*line = &c->room[c->begin];
	looked = (size_t)(lf - *line) + 1;
	c->cut = false;
	c->begin += looked;
	c->bytes += looked;
	c->number++;
	return looked;
}

/* ---- the header ---- */

static int
judge_header(struct cast *c)
{
	const struct cast_header *h = &c->header;

	if (h->version != 2)
		return complain(c, E_FORMAT, "not asciicast version 2");
	if (h->format != 1)
		return complain(c, E_FORMAT,
		    "a recording of format %" PRIu64 ", 1 is known", h->format);
	if (h->width > CAST_SIDE_MAX || h->height > CAST_SIDE_MAX)
		return complain(c, E_FORMAT, "the terminal is too large");
	if (h->timestamp > CAST_TIME_MAX)
		return complain(c, E_FORMAT, "the time is after the year 9999");
	if (strlen(h->conn) != 16 || strspn(h->conn, "0123456789abcdef") != 16)
		return complain(c, E_FORMAT, "conn is no connection's id");
	return 0;
}

static int
read_header(struct cast *c)
{
	static const char salt[] = "sallyport-recording";
	enum cast_found found = CAST_END;
	struct json_read j;
	const char *line;
	size_t len = take_line(c, CAST_HEADER_MAX, &line, &found);

	if (len == 0 && found == CAST_BAD)
		return E_FORMAT;
	if (len == 0) {
		c->number = 1;
		return complain(c, E_FORMAT,
		    found == CAST_CUT ? "the first line is cut off" :
					"the file is empty");
	}
	EVP_DigestUpdate(c->block, salt, sizeof(salt));
	EVP_DigestUpdate(c->block, line, len);
	json_read_init(&j, line, len);
	fields_read(&j, header_rows, &c->header);
	if (json_read_end(&j) != 0)
		return complain(
		    c, E_FORMAT, "header, byte %zu: %s", j.pos, j.why);
	return judge_header(c);
}

int
cast_open(struct cast *c, int fd)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	buf_init(&c->data, CAST_LINE_MAX);
	c->block = EVP_MD_CTX_new();
	if (c->block == NULL ||
	    EVP_DigestInit_ex(c->block, digest_md(DIGEST_SHA256), NULL) != 1)
		return complain(c, E_CRYPTO, "%s", err_text(E_CRYPTO));
	return read_header(c);
}

void
cast_close(struct cast *c)
{
	fields_free(header_rows, &c->header);
	free(c->room);
	buf_free(&c->data);
	EVP_MD_CTX_free(c->block);
	memset(c, 0, sizeof(*c));
}

/* ---- the chain ---- */

static void
find_fault(struct cast *c, const char *what)
{
	if (c->fault[0] != '\0')
		return;
	snprintf(c->fault, sizeof(c->fault),
	    "line %" PRIu64 ": block %" PRIu64 ": %s", c->number, c->blocks,
	    what);
}

static void
print_hash(const uint8_t hash[CAST_HASH], char text[2 * CAST_HASH + 1])
{
	for (size_t i = 0; i < CAST_HASH; i++)
		snprintf(&text[2 * i], 3, "%02x", hash[i]);
}

/*
 * "N HEX" ends a block, whose hash the next one begins with.  The line is
 * hashed but for HEX"]LF: with those bytes left, only one line says what it has
 * to.
 */
static void
end_block(
    struct cast *c, const struct cast_line *line, const char *text, size_t len)
{
	char expected[24 + 2 * CAST_HASH + 2], hex[2 * CAST_HASH + 1];
	uint8_t hash[EVP_MAX_MD_SIZE];
	size_t hashed = len > END_SIZE ? len - END_SIZE : 0;

	EVP_DigestUpdate(c->block, text, hashed);
	if (EVP_DigestFinal_ex(c->block, hash, NULL) != 1 ||
	    EVP_DigestInit_ex(c->block, digest_md(DIGEST_SHA256), NULL) != 1) {
		find_fault(c, "the hash could not be computed");
		return;
	}
	memcpy(c->head, hash, CAST_HASH);
	EVP_DigestUpdate(c->block, c->head, CAST_HASH);
	print_hash(c->head, hex);
	snprintf(expected, sizeof(expected), "%" PRIu64 " %s", c->blocks, hex);
	if (strlen(expected) != line->len ||
	    memcmp(expected, line->data, line->len) != 0)
		find_fault(c, "its bytes do not have its hash");
	else if (!c->loose && c->blocks > 0)
		find_fault(c, "it has no lines");
	if (++c->blocks == c->marked)
		memcpy(c->marked_head, c->head, CAST_HASH);
	c->loose = false;
	if (c->fault[0] == '\0') {
		c->proven = c->blocks;
		c->proven_when = line->when;
		c->proven_line = line->number;
	}
}

uint64_t
cast_bytes(const struct cast *c)
{
	return c->bytes + (c->end - c->begin);
}

/* ---- the lines behind the header ---- */

static bool
side(const char **at, const char *end, unsigned *value)
{
	const char *start = *at;

	*value = 0;
	while (*at < end && **at >= '0' && **at <= '9' && *at - start < 5)
		*value = *value * 10 + (unsigned)(*(*at)++ - '0');
	return *at > start && *value <= CAST_SIDE_MAX;
}

/* COLUMNSxROWS */
static bool
read_size(struct cast_line *line)
{
	const char *at = line->data, *end = at + line->len;

	return side(&at, end, &line->columns) && at < end && *at++ == 'x' &&
	    side(&at, end, &line->rows) && at == end;
}

static void
read_fields(struct cast *c, struct json_read *j, struct cast_line *line)
{
	json_read_open(j, '[');
	if (json_read_item(j))
		line->when = json_read_micros(j);
	else
		json_read_fail(j, "a time is expected");
	if (!json_read_item(j))
		json_read_fail(j, "a code is expected");
	json_read_text(j, &c->data);
	if (j->why == NULL &&
	    (c->data.len != 1 || c->data.data[0] == 0 ||
		strchr("oeirmb", c->data.data[0]) == NULL))
		json_read_fail(j, "no such code");
	line->code = j->why == NULL ? (char)c->data.data[0] : '\0';
	buf_clear(&c->data);
	if (!json_read_item(j))
		json_read_fail(j, "data is expected");
	json_read_text(j, &c->data);
	if (json_read_item(j))
		json_read_fail(j, "more than three values");
}

enum cast_found
cast_next(struct cast *c, struct cast_line *line)
{
	enum cast_found found = CAST_END;
	struct json_read j;
	const char *text;
	size_t len = take_line(c, CAST_LINE_MAX, &text, &found);

	if (len == 0)
		return found;
	memset(line, 0, sizeof(*line));
	buf_clear(&c->data);
	json_read_init(&j, text, len);
	read_fields(c, &j, line);
	if (json_read_end(&j) != 0) {
		complain(c, 0, "byte %zu: %s", j.pos, j.why);
		return CAST_BAD;
	}
	line->number = c->number;
	line->data = c->data.len > 0 ? (const char *)c->data.data : "";
	line->len = c->data.len;
	if (line->when < c->when) {
		complain(c, 0, "the time goes back");
		return CAST_BAD;
	}
	c->when = line->when;
	if (line->code == 'r' && !read_size(line)) {
		complain(c, 0, "no size of a terminal");
		return CAST_BAD;
	}
	if (line->code == 'b') {
		end_block(c, line, text, len);
	} else {
		EVP_DigestUpdate(c->block, text, len);
		c->loose = true;
	}
	return CAST_LINE;
}
