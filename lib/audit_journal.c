/*
 * Audit records and log lines with journald's fields: the sentence as sshd
 * writes it in MESSAGE, and beside it, under names of their own, everything
 * that is known.  Values are escaped and cut as in every other format.
 */
#include "lib/audit_table.h"

#include "lib/escape.h"
#include "lib/journal.h"
#include "lib/syslog_out.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX	  "SALLYPORT_"
#define HASH_ROOM 96 /* for its field, behind all others */

static void
put_text(struct journal *j, const char *name, const char *text)
{
	(void)journal_field(j, name, text, strlen(text));
}

static void
put_number(struct journal *j, const char *name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	put_text(j, name, text);
}

void
audit_journal_name(
    char name[AUDIT_JOURNAL_NAME_SIZE], const char *prefix, const char *member)
{
	size_t n = (size_t)snprintf(
	    name, AUDIT_JOURNAL_NAME_SIZE, PREFIX "%s%s", prefix, member);

	if (n >= AUDIT_JOURNAL_NAME_SIZE)
		n = 0; /* the encoder takes no empty name */
	name[n] = '\0';
	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
}

static void
put_value(struct journal *j, const char *prefix, const char *member,
    const struct audit_value *v)
{
	char name[AUDIT_JOURNAL_NAME_SIZE], text[AUDIT_VALUE_MAX + 1];
	size_t len;

	if (!v->present)
		return;
	audit_journal_name(name, prefix, member);
	len = audit_value_text(text, v, ESCAPE_LINE);
	(void)journal_field(j, name, text, len);
}

/* The fields that every record has, of whatever kind. */
static void
put_head(struct journal *j, int severity, const char *message, size_t len)
{
	struct audit_member m[AUDIT_MEMBERS_MAX];
	size_t n = audit_envelope(m);
	char now[40];
	int priority = syslog_out_priority(severity);

	(void)journal_field(j, "MESSAGE", message, len);
	put_number(j, "PRIORITY", (uint64_t)priority & 7);
	put_number(j, "SYSLOG_FACILITY", (uint64_t)priority >> 3);
	put_text(j, "SYSLOG_IDENTIFIER", syslog_out_ident());
	put_number(j, "SYSLOG_PID", (uint64_t)getpid());
	audit_now(now);
	put_text(j, PREFIX "TIME", now);
	for (size_t i = 0; i < n; i++)
		put_value(j, "", m[i].sd, &m[i].value);
}

void
audit_message_id(char id[AUDIT_MESSAGE_ID_SIZE], unsigned code)
{
	snprintf(id, AUDIT_MESSAGE_ID_SIZE, AUDIT_MESSAGE_ID "%08u", code);
}

static void
put_pairs(struct journal *j, const struct audit_value *v)
{
	for (size_t i = 0; v->present && i < v->pairs->count; i++) {
		struct audit_value one = audit_value_pair(v, i);

		put_value(j, "M_", v->pairs->names[i], &one);
	}
}

static void
put_event(
    struct journal *j, const struct audit_event_row *row, const void *fields)
{
	char text[AUDIT_MESSAGE_ID_SIZE];
	struct audit_value v;

	audit_message_id(text, row->code);
	put_text(j, "MESSAGE_ID", text);
	put_text(j, PREFIX "EVENT", row->name);
	snprintf(text, sizeof(text), "SP-%u", row->code);
	put_text(j, PREFIX "EVENT_CODE", text);
	put_text(j, PREFIX "OUTCOME", audit_outcome_name(row->outcome));
	put_number(j, PREFIX "SEQUENCE", audit_sequence());
	if (audit_seal() != NULL) {
		put_text(j, PREFIX "CHAIN", audit_seal()->name);
		put_number(j, PREFIX "N", audit_seal()->number);
	}
	for (const struct audit_slot *s = row->slots; s->field != NULL; s++) {
		v = audit_value_of(s, fields);
		if (v.kind == AUDIT_KIND_pairs)
			put_pairs(j, &v);
		else
			put_value(j, "", s->field->name, &v);
	}
}

size_t
audit_encode_journal(char *out, size_t size, int severity,
    enum audit_event event, const void *fields)
{
	const struct audit_event_row *row = &audit_events[event];
	const struct audit_output how = {.format = AUDIT_CLASSIC};
	char sentence[AUDIT_RECORD_MAX];
	struct journal j;
	size_t len =
	    audit_encode(sentence, sizeof(sentence), &how, event, fields);

	journal_begin(&j, out, size - 32); /* for the end */
	put_head(&j, severity, sentence, len);
	put_event(&j, row, fields);
	j.size = size;
	if (j.cut)
		put_text(&j, PREFIX "CUT", "true");
	return j.len;
}

bool
audit_journal_event(int severity, enum audit_event event, const void *fields)
{
	char record[SYSLOG_OUT_RECORD_MAX], hex[AUDIT_HASH_HEX];
	struct audit_seal *seal = audit_seal();
	struct journal j;
	size_t len = audit_encode_journal(
	    record, sizeof(record) - HASH_ROOM, severity, event, fields);

	if (seal != NULL) {
		audit_seal_close_journal(seal, record, len, hex);
		journal_begin(&j, &record[len], HASH_ROOM);
		put_text(&j, PREFIX "HASH", hex);
		len += j.len;
	}
	return syslog_out_send_raw(record, len);
}

bool
audit_journal_line(int severity, const char *line, size_t len)
{
	char record[SYSLOG_OUT_RECORD_MAX];
	struct journal j;

	journal_begin(&j, record, sizeof(record));
	put_head(&j, severity, line, len);
	return syslog_out_send_raw(record, j.len);
}
