/*
 * The audit's events of one connection: logged.h.
 */
#include "daemon/ctl/recordings/logged.h"

#include "lib/json_read.h"
#include "lib/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 65536

/* ---- times ---- */

static bool
read_zone(const char **at, int *minutes)
{
	unsigned h, m;
	char sign = **at;

	*minutes = 0;
	if (sign == 'Z') {
		(*at)++;
		return true;
	}
	if ((sign != '+' && sign != '-') ||
	    sscanf(*at + 1, "%2u:%2u", &h, &m) != 2 || h > 23 || m > 59)
		return false;
	*minutes = (int)(h * 60 + m) * (sign == '-' ? -1 : 1);
	*at += 6;
	return true;
}

/* RFC 3339: "2026-11-30T18:31:00.123456Z" */
static bool
read_stamp(const char *at, int64_t *when)
{
	struct tm tm = {0};
	int64_t part = 100000, micros = 0;
	int minutes;

	at = strptime(at, "%Y-%m-%dT%H:%M:%S", &tm);
	if (at == NULL)
		return false;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++, part /= 10)
			micros += (*at - '0') * part;
	if (!read_zone(&at, &minutes))
		return false;
	*when = ((int64_t)timegm(&tm) - minutes * 60) * 1000000 + micros;
	return true;
}

/* "Nov 30 18:31:00", local time, of the year that is nearest to start. */
static bool
read_old_stamp(const char *at, time_t start, int64_t *when)
{
	int64_t best = 0;
	struct tm tm, year;

	localtime_r(&start, &year);
	for (int i = -1; i <= 1; i++) {
		memset(&tm, 0, sizeof(tm));
		if (strptime(at, "%b %d %H:%M:%S", &tm) == NULL)
			return false;
		tm.tm_year = year.tm_year + i;
		tm.tm_isdst = -1;
		int64_t found = (int64_t)mktime(&tm);

		if (i == -1 ||
		    llabs(found - start) < llabs(best - (int64_t)start))
			best = found;
	}
	*when = best * 1000000;
	return true;
}

/* ---- JSON ---- */

struct found {
	char *conn, *event, *text, *stamp, *real;
};

static char **
place_of(struct found *f, const char *name)
{
	static const struct {
		const char *name;
		size_t offset;
	} rows[] = {
	    {"sallyport.conn", offsetof(struct found, conn)},
	    {"SALLYPORT_CONN", offsetof(struct found, conn)},
	    {"event.action", offsetof(struct found, event)},
	    {"SALLYPORT_EVENT", offsetof(struct found, event)},
	    {"message", offsetof(struct found, text)},
	    {"MESSAGE", offsetof(struct found, text)},
	    {"@timestamp", offsetof(struct found, stamp)},
	    {"SALLYPORT_TIME", offsetof(struct found, stamp)},
	    {"__REALTIME_TIMESTAMP", offsetof(struct found, real)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return (char **)(void *)((char *)f + rows[i].offset);
	return NULL;
}

static bool
read_json(const char *line, const char *conn, struct logged_event *m)
{
	char name[JSON_NAME_MAX], **place;
	struct found f = {0};
	struct json_read j;
	bool good;

	json_read_init(&j, line, strlen(line));
	json_read_open(&j, '{');
	while (json_read_member(&j, name)) {
		place = place_of(&f, name);
		if (place == NULL || *place != NULL ||
		    json_read_peek(&j) != JSON_TEXT)
			json_read_skip(&j);
		else
			*place = json_read_string(&j, LINE_BYTES);
	}
	good = json_read_end(&j) == 0 && f.conn != NULL && f.text != NULL &&
	    strcmp(f.conn, conn) == 0;
	if (good && (f.stamp == NULL || !read_stamp(f.stamp, &m->when))) {
		m->when = f.real != NULL ? strtoll(f.real, NULL, 10) : 0;
		good = m->when > 0;
	}
	if (good) {
		m->event = mem_strdup(f.event != NULL ? f.event : "");
		m->text = mem_strdup(f.text);
	}
	free(f.conn);
	free(f.event);
	free(f.text);
	free(f.stamp);
	free(f.real);
	return good;
}

/* ---- text ---- */

/* The value of name="..." or name=..., to be freed; NULL: there is none. */
static char *
value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = line; (at = strstr(at, name)) != NULL; at++) {
		const char *value = at + len + 1;

		if (at == line || strchr(" [,", at[-1]) == NULL ||
		    at[len] != '=')
			continue;
		if (*value == '"')
			return mem_strndup(value + 1, strcspn(value + 1, "\""));
		return mem_strndup(value, strcspn(value, " ],"));
	}
	return NULL;
}

/* Behind "name[pid]: ", or what stands behind the structured data. */
static char *
sentence(const char *line)
{
	const char *start = strstr(line, "]: "), *end, *data;

	if ((data = strstr(line, "[sallyport@")) != NULL) {
		/* A quoted value may have "] " in it, escaped as \]. */
		for (end = data; (end = strstr(end, "] ")) != NULL; end++)
			if (end[-1] == '"')
				return mem_strdup(end + 2);
		return mem_strdup(data);
	}
	start = start != NULL ? start + 3 : line;
	end = strstr(start, " [conn=");
	if (end == NULL)
		end = strstr(start, " on conn=");
	return mem_strndup(
	    start, end != NULL ? (size_t)(end - start) : strlen(start));
}

static bool
read_text(
    const char *line, const char *conn, time_t start, struct logged_event *m)
{
	char *own = value_of(line, "conn"), *event;
	const char *at = line;
	bool good = own != NULL && strcmp(own, conn) == 0;

	free(own);
	if (!good)
		return false;
	/* "<86>1 " of RFC 5424, "<86>" of the older header */
	if (*at == '<' && (at = strchr(at, '>')) != NULL)
		at += at[1] == '1' && at[2] == ' ' ? 3 : 1;
	if (at == NULL ||
	    (!read_stamp(at, &m->when) && !read_old_stamp(at, start, &m->when)))
		return false;
	event = value_of(line, "ev");
	m->event = event != NULL ? event : mem_strdup("");
	m->text = sentence(line);
	return true;
}

/* ---- all of it ---- */

static int
by_time(const void *a, const void *b)
{
	const struct logged_event *x = a, *y = b;

	return x->when < y->when ? -1 : x->when > y->when;
}

void
logged_read(struct logged *m, FILE *log, const char *conn, time_t start)
{
	char *line = mem_alloc(LINE_BYTES);

	while (fgets(line, LINE_BYTES, log) != NULL) {
		struct logged_event one = {0};
		char *brace;

		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, conn) == NULL)
			continue;
		brace = strchr(line, '{');
		if (!(brace != NULL && read_json(brace, conn, &one)) &&
		    !read_text(line, conn, start, &one))
			continue;
		if (m->count == LOGGED_MAX) {
			m->left_out++;
			free(one.event);
			free(one.text);
			continue;
		}
		m->items = mem_grow(m->items, m->count + 1, sizeof(*m->items));
		m->items[m->count++] = one;
	}
	if (m->count > 1)
		qsort(m->items, m->count, sizeof(*m->items), by_time);
	free(line);
}

void
logged_free(struct logged *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->items[i].event);
		free(m->items[i].text);
	}
	free(m->items);
	memset(m, 0, sizeof(*m));
}
