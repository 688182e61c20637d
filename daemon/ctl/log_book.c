/*
 * The reader of logs (see log_book.h): finds the records of the audit between
 * the lines of others and takes from them what links them.  Nothing that it
 * reads is trusted: what has not exactly our form is no record.
 */
#include "daemon/ctl/log_book.h"

#include "lib/audit_table.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SD_BEGIN    "[sallyport@32473 "
#define JSON_BEGIN  "{\"@timestamp\":"
#define JOURNAL_MAX 65536 /* of one record */

/* A member as it stands: escapes are not undone. */
struct member {
	const char *name, *value;
	size_t name_len, value_len;
};

static void
copy(char *out, size_t size, const char *text, size_t len)
{
	if (len >= size)
		len = 0;
	memcpy(out, text, len);
	out[len] = '\0';
}

/* ` name="value"` at *at; false: none. */
static bool
next_sd(const char *text, size_t len, size_t *at, struct member *m)
{
	size_t i = *at;

	if (i >= len || text[i] != ' ')
		return false;
	m->name = &text[++i];
	while (i < len && text[i] != '=' && text[i] != ']' && text[i] != ' ')
		i++;
	m->name_len = (size_t)(&text[i] - m->name);
	if (i + 1 >= len || text[i] != '=' || text[i + 1] != '"')
		return false;
	m->value = &text[i += 2];
	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	if (i >= len)
		return false;
	m->value_len = (size_t)(&text[i] - m->value);
	*at = i + 1;
	return true;
}

static size_t
json_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++)
		if (text[i] == '\\')
			i++;
	return i;
}

/* `"name":value` behind { or a comma; of a list only where it ends. */
static bool
next_json(const char *text, size_t len, size_t *at, struct member *m)
{
	size_t i = *at, end;

	if (i >= len || (text[i] != '{' && text[i] != ',') || ++i >= len ||
	    text[i] != '"')
		return false;
	m->name = &text[i + 1];
	i = json_string(text, len, i);
	if (i + 2 >= len || text[i + 1] != ':')
		return false;
	m->name_len = (size_t)(&text[i] - m->name);
	i += 2;
	end = i;
	if (text[i] == '"') {
		end = json_string(text, len, i);
		if (end >= len)
			return false;
		m->value = &text[i + 1];
		m->value_len = end - i - 1;
		end++;
	} else {
		bool list = text[i] == '[';

		while (end < len && text[end] != '}' &&
		    (text[end] != ',' || list) && text[end] != ']')
			end = text[end] == '"' ?
			    json_string(text, len, end) + 1 :
			    end + 1;
		end += list && end < len;
		if (end >= len)
			return false;
		m->value = &text[i];
		m->value_len = end - i;
	}
	*at = end;
	return true;
}

static bool
next_line(const char *text, size_t len, size_t *at, struct member *m)
{
	const char *end, *equals;

	if (*at >= len || (end = memchr(&text[*at], '\n', len - *at)) == NULL ||
	    (equals = memchr(&text[*at], '=', (size_t)(end - &text[*at]))) ==
		NULL)
		return false;
	*m = (struct member){.name = &text[*at],
	    .name_len = (size_t)(equals - &text[*at]),
	    .value = equals + 1,
	    .value_len = (size_t)(end - equals) - 1};
	*at = (size_t)(end - text) + 1;
	return true;
}

static bool
next_member(enum log_kind kind, const char *text, size_t len, size_t *at,
    struct member *m)
{
	switch (kind) {
	case LOG_SD:
		if (*at == 0)
			*at = sizeof(SD_BEGIN) - 2;
		return next_sd(text, len, at, m);
	case LOG_JSON:
		return next_json(text, len, at, m);
	default:
		return next_line(text, len, at, m);
	}
}

static const char *
name_of(enum log_kind kind, const struct log_name *name)
{
	return kind == LOG_SD ? name->sd :
	    kind == LOG_JSON  ? name->json :
				name->journal;
}

static bool
is_name(const struct member *m, const char *name)
{
	return strlen(name) == m->name_len &&
	    memcmp(name, m->name, m->name_len) == 0;
}

bool
log_member(const struct log_record *r, const struct log_name *name, char *value,
    size_t size)
{
	const char *wanted = name_of(r->kind, name);
	struct member m;
	size_t at = 0;

	value[0] = '\0';
	while (next_member(r->kind, r->text, r->text_len, &at, &m))
		if (is_name(&m, wanted)) {
			copy(value, size, m.value, m.value_len);
			return value[0] != '\0';
		}
	return false;
}

bool
log_pair(const struct log_record *r, const struct log_name *prefix, size_t *at,
    char *rest, size_t rest_size, char *value, size_t size)
{
	const char *wanted = name_of(r->kind, prefix);
	size_t len = strlen(wanted);
	struct member m;

	while (next_member(r->kind, r->text, r->text_len, at, &m)) {
		if (m.name_len <= len || memcmp(m.name, wanted, len) != 0)
			continue;
		copy(rest, rest_size, &m.name[len], m.name_len - len);
		for (char *p = rest; *p != '\0'; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p - 'A' + 'a');
		copy(value, size, m.value, m.value_len);
		return true;
	}
	return false;
}

static void
keep(struct log_book *b, const struct log_record *r)
{
	if (b->count == b->room) {
		b->room = b->room == 0 ? 1024 : 2 * b->room;
		b->records = mem_grow(b->records, b->room, sizeof(*b->records));
	}
	b->records[b->count] = *r;
	b->records[b->count].order = b->count;
	b->count++;
}

/* A number as we write it: digits, no sign, no zero in front. */
static bool
read_number(const char *text, size_t len, uint64_t *number)
{
	*number = 0;
	if (len == 0 || len > 19 || text[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

/* Chain, number and hash; where the hash's member begins and ends. */
static bool
read_link(struct log_record *r, const char *text, size_t len, size_t *hash_at,
    size_t *hash_end, bool *ours)
{
	static const struct log_name names[] = {
	    {"chain", "sallyport.chain", "SALLYPORT_CHAIN"},
	    {"n", "sallyport.n", "SALLYPORT_N"},
	    {"hash", "sallyport.hash", "SALLYPORT_HASH"},
	    {"ev", "event.action", "SALLYPORT_EVENT"}};
	unsigned seen = 0;
	struct member m;
	size_t at = 0, before = 0;

	for (; next_member(r->kind, text, len, &at, &m); before = at) {
		if (is_name(&m, name_of(r->kind, &names[0])) &&
		    m.value_len > 0 && m.value_len < sizeof(r->chain)) {
			copy(r->chain, sizeof(r->chain), m.value, m.value_len);
			seen |= 1;
		} else if (is_name(&m, name_of(r->kind, &names[1])) &&
		    read_number(m.value, m.value_len, &r->number)) {
			seen |= 2;
		} else if (is_name(&m, name_of(r->kind, &names[2])) &&
		    audit_chain_unhex(m.value, m.value_len, r->hash)) {
			seen |= 4;
			*hash_at = before;
			*hash_end = at;
		} else if (is_name(&m, name_of(r->kind, &names[3]))) {
			copy(r->event, sizeof(r->event), m.value, m.value_len);
		}
	}
	*ours = r->event[0] != '\0';
	return seen == 7;
}

static void
take(struct log_book *b, struct log_record *r, const char *text, size_t len)
{
	size_t at = 0, end = 0;
	bool ours = false;

	if (read_link(r, text, len, &at, &end, &ours)) {
		r->text = text;
		r->text_len = at;
		r->rest = &text[end];
		r->rest_len = len - end;
		keep(b, r);
	} else if (ours) {
		b->unchained++;
	}
}

static const char *
find(const char *text, size_t len, const char *wanted)
{
	return memmem(text, len, wanted, strlen(wanted));
}

/* Our fields of a record of the journal, but for its hash. */
static bool
is_hashed_field(const char *name, size_t len)
{
	static const char *const names[] = {"MESSAGE", "MESSAGE_ID", "PRIORITY",
	    "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "SYSLOG_PID"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return len > 10 && memcmp(name, "SALLYPORT_", 10) == 0;
}

/* text: our fields, as lines; the hash leaves them, the others are sorted. */
static void
take_journal(struct log_book *b, struct log_record *r, char *text, size_t len)
{
	size_t at = 0, end = 0;
	bool ours = false;

	r->kind = LOG_JOURNAL;
	if (!read_link(r, text, len, &at, &end, &ours)) {
		b->unchained += ours;
		return;
	}
	memmove(&text[at], &text[end], len - end);
	len -= end - at;
	r->owned = mem_alloc(len + 1);
	r->text_len = audit_chain_sort(text, len, r->owned);
	r->text = r->owned;
	r->rest = "";
	keep(b, r);
}

/* A string of JSON undone; only what journalctl writes.  false: not so. */
static bool
unescape(const char *text, size_t len, char *out, size_t *used)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\\') {
			out[(*used)++] = text[i];
			continue;
		}
		if (++i >= len)
			return false;
		if (text[i] != '"' && text[i] != '\\' && text[i] != '/')
			return false; /* a control: none of ours has one */
		out[(*used)++] = text[i];
	}
	return true;
}

/* A line of journalctl -o json. */
static void
read_journal_json(
    struct log_book *b, struct log_record *r, const char *text, size_t len)
{
	char fields[JOURNAL_MAX] = "";
	struct member m;
	size_t at = 0, used = 0, mark;

	while (next_json(text, len, &at, &m)) {
		if (!is_hashed_field(m.name, m.name_len) ||
		    used + m.name_len + m.value_len + 2 > sizeof(fields))
			continue;
		mark = used;
		memcpy(&fields[used], m.name, m.name_len);
		used += m.name_len;
		fields[used++] = '=';
		if (!unescape(m.value, m.value_len, fields, &used))
			used = mark;
		else
			fields[used++] = '\n';
	}
	take_journal(b, r, fields, used);
}

static void
read_line(
    struct log_book *b, struct log_record *r, const char *line, size_t len)
{
	const char *at, *json;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > 2 && line[0] == '{' &&
	    find(line, len, "\"__CURSOR\"") != NULL) {
		read_journal_json(b, r, line, len);
		return;
	}
	/* Whichever comes first: the other is a stranger's text in it. */
	at = find(line, len, SD_BEGIN);
	json = find(line, len, JSON_BEGIN);
	if (json != NULL && (at == NULL || json < at)) {
		r->kind = LOG_JSON;
		at = json;
	}
	if (at != NULL)
		take(b, r, at, len - (size_t)(at - line));
}

/* One entry of journalctl -o export, from its cursor on: its length. */
static size_t
read_entry(
    struct log_book *b, struct log_record *r, const char *data, size_t len)
{
	char fields[JOURNAL_MAX] = "";
	size_t at = 0, used = 0;

	while (at < len && data[at] != '\n') {
		const char *line = &data[at], *equals;
		const char *end = memchr(line, '\n', len - at);
		size_t n = end == NULL ? len - at : (size_t)(end - line);
		uint64_t size = 0;

		equals = memchr(line, '=', n);
		at += n + (end != NULL);
		if (equals == NULL) { /* a name; a length; that many bytes */
			for (size_t i = 0; i < 8 && at + i < len; i++)
				size |= (uint64_t)(uint8_t)data[at + i]
				    << (8 * i);
			if (len - at < 9 || size > len - at - 9)
				return len;
			at += 8 + (size_t)size + 1;
			continue;
		}
		if (end == NULL || used + n + 1 > sizeof(fields) ||
		    !is_hashed_field(line, (size_t)(equals - line)))
			continue;
		memcpy(&fields[used], line, n + 1);
		used += n + 1;
	}
	take_journal(b, r, fields, used);
	return at;
}

void
log_book_read(
    struct log_book *b, const char *name, const char *data, size_t len)
{
	static const char cursor[] = "__CURSOR=";
	uint64_t number = 0;

	for (size_t at = 0, n; at < len; at += n + 1) {
		struct log_record r = {.file = name, .line = ++number};
		const char *line = &data[at];
		const char *end = memchr(line, '\n', len - at);

		n = end == NULL ? len - at : (size_t)(end - line);
		if (n >= sizeof(cursor) &&
		    memcmp(line, cursor, sizeof(cursor) - 1) == 0)
			n = read_entry(b, &r, line, len - at);
		else if (n > 0)
			read_line(b, &r, line, n);
	}
}

void
log_book_free(struct log_book *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->records[i].owned);
	free(b->records);
	memset(b, 0, sizeof(*b));
}
