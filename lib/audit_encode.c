/*
 * Audit records for machines: RFC 5424 structured data, and JSON with the
 * names of the Elastic Common Schema.  Every value passes the escaping of
 * lib/escape.h first, then the format's own.
 */
#include "lib/audit_table.h"

#include "lib/escape.h"
#include "lib/syslog_out.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* RFC 5612's number for documentation, until we have our own. */
#define SD_ID	     "sallyport@32473"
#define SENTENCE_MAX 2048

void
audit_now(char text[40])
{
	struct timespec now;
	struct tm tm;
	char day[24];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, 40, "%s.%06uZ", day,
	    (unsigned)(now.tv_nsec / 1000) % 1000000);
}

static struct audit_value
text_of(const char *text)
{
	return (struct audit_value){
	    .kind = AUDIT_KIND_text, .present = text[0] != '\0', .text = text};
}

static struct audit_value
number_of(uint64_t number, bool present)
{
	return (struct audit_value){
	    .kind = AUDIT_KIND_number, .present = present, .number = number};
}

static struct audit_value
address_of(const struct net_address *a)
{
	return (struct audit_value){.kind = AUDIT_KIND_address,
	    .present = a->family != NET_NONE,
	    .address = a};
}

size_t
audit_envelope(struct audit_member m[AUDIT_MEMBERS_MAX])
{
	const struct audit_context *c = audit_context();
	bool known = c->user_state == AUDIT_USER_KNOWN;
	size_t n = 0;

	m[n++] =
	    (struct audit_member){"conn", "sallyport.conn", text_of(c->conn)};
	m[n++] =
	    (struct audit_member){"src", "source.ip", address_of(&c->source)};
	m[n++] = (struct audit_member){"sport", "source.port",
	    number_of(c->source.port, c->source.family != NET_NONE)};
	m[n++] = (struct audit_member){
	    "dst", "destination.ip", address_of(&c->local)};
	m[n++] = (struct audit_member){"dport", "destination.port",
	    number_of(c->local.port, c->local.family != NET_NONE)};
	m[n++] = (struct audit_member){
	    "proxy", "sallyport.proxy.ip", address_of(&c->proxy)};
	m[n++] = (struct audit_member){"selftest", "sallyport.selftest",
	    {.kind = AUDIT_KIND_flag, .number = 1, .present = c->selftest}};
	/* ECS has the name that was tried here, too. */
	m[n++] = (struct audit_member){"user", "user.name",
	    text_of(c->user[0] != '\0' ? c->user : c->requested)};
	m[n++] =
	    (struct audit_member){"uid", "user.id", number_of(c->uid, known)};
	m[n++] = (struct audit_member){
	    "req", "sallyport.user.requested", text_of(c->requested)};
	m[n++] = (struct audit_member){"invalid", "sallyport.user.invalid",
	    {.kind = AUDIT_KIND_flag,
		.number = 1,
		.present = c->user_state == AUDIT_USER_INVALID}};
	m[n++] = (struct audit_member){"rule", "rule.name", text_of(c->rule)};
	m[n++] = (struct audit_member){"gen", "sallyport.config.generation",
	    number_of(c->generation, c->generation != 0)};
	m[n++] = (struct audit_member){"comp", "sallyport.component.name",
	    text_of(c->component == NULL ? "" : c->component)};
	return n;
}

static void
write_quoted(struct audit_out *o, const char *text, const char *special)
{
	audit_out_bytes(o, "\"", 1);
	for (; *text != '\0'; text++) {
		if (strchr(special, *text) != NULL)
			audit_out_bytes(o, "\\", 1);
		audit_out_bytes(o, text, 1);
	}
	audit_out_bytes(o, "\"", 1);
}

static void
sd_param(struct audit_out *o, const char *name, const struct audit_value *v)
{
	size_t mark = audit_out_mark(o);
	char text[AUDIT_VALUE_MAX + 1];

	if (!v->present)
		return;
	audit_value_text(text, v, ESCAPE_LINE);
	audit_out_printf(o, " %s=", name);
	write_quoted(o, text, "\"\\]");
	audit_out_settle(o, mark);
}

static void
sd_pairs(struct audit_out *o, const char *prefix, const struct audit_value *v)
{
	char name[64];

	for (size_t i = 0; v->present && i < v->pairs->count; i++) {
		struct audit_value one = audit_value_pair(v, i);

		snprintf(
		    name, sizeof(name), "%s_%s", prefix, v->pairs->names[i]);
		sd_param(o, name, &one);
	}
}

static void
sd_text(struct audit_out *o, const char *name, const char *text)
{
	struct audit_value v = text_of(text);

	sd_param(o, name, &v);
}

/* A header field: printable ASCII without spaces, or "-". */
static const char *
host_name(void)
{
	static char name[256];

	if (name[0] != '\0')
		return name;
	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		strcpy(name, "-");
	for (char *p = name; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			*p = '?';
	return name;
}

static void
sd_header(struct audit_out *o, const struct audit_event_row *row)
{
	char now[40];

	audit_now(now);
	audit_out_printf(o, "<%d>1 %s %s %s %d SP%u ",
	    syslog_out_priority(row->severity > 6 ? 6 : (int)row->severity),
	    now, host_name(), syslog_out_ident(), (int)getpid(), row->code);
}

/* The sentence goes last, and is cut to the room that is left. */
static void
write_last(
    struct audit_out *o, const struct audit_event_row *row, const void *fields)
{
	char sentence[SENTENCE_MAX], shown[SENTENCE_MAX];
	struct audit_out s;

	audit_out_init(&s, sentence, sizeof(sentence));
	audit_write_sentence(&s, row, fields, true);
	if (o->size - o->len < 16)
		return;
	escape(shown,
	    o->size - o->len < sizeof(shown) ? o->size - o->len : sizeof(shown),
	    sentence, s.len, ESCAPE_LINE);
	audit_out_text(o, shown);
}

#define DIGITS \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define SEAL_MAX 224 /* what a seal takes of a record */

static void
put_hash(struct audit_out *o, const char *before, const char *after)
{
	struct audit_seal *seal = audit_seal();

	seal->at = o->len;
	seal->digits = strlen(before);
	audit_out_printf(o, "%s" DIGITS "%s", before, after);
	seal->width = o->len - seal->at;
}

static void
sd_seal(struct audit_out *o)
{
	const struct audit_seal *seal = audit_seal();

	if (seal == NULL)
		return;
	audit_out_printf(o, " time=\"%s\" chain=\"%s\" n=\"%llu\"", seal->time,
	    seal->name, (unsigned long long)seal->number);
	put_hash(o, " hash=\"", "\"");
}

void
audit_write_sd(struct audit_out *o, const struct audit_event_row *row,
    const void *fields, bool header)
{
	const struct audit_slot *slot = row->slots;
	struct audit_member m[AUDIT_MEMBERS_MAX];
	struct audit_value v;
	size_t n = audit_envelope(m), room = o->size;

	if (header)
		sd_header(o, row);
	if (audit_seal() != NULL)
		audit_seal()->from = o->len;
	/* For the end, so that it always fits. */
	o->size -= 128 + (audit_seal() == NULL ? 0 : SEAL_MAX);
	audit_out_text(o, "[" SD_ID);
	sd_text(o, "ev", row->name);
	sd_text(o, "out", audit_outcome_name(row->outcome));
	for (size_t i = 0; i < n; i++)
		sd_param(o, m[i].sd, &m[i].value);
	for (size_t i = 0; slot[i].field != NULL; i++) {
		v = audit_value_of(&slot[i], fields);
		if (v.kind == AUDIT_KIND_pairs)
			sd_pairs(o, slot[i].field->sd, &v);
		else
			sd_param(o, slot[i].field->sd, &v);
	}
	o->size = room;
	if (o->cut)
		audit_out_text(o, " cut=\"1\"");
	sd_seal(o);
	audit_out_printf(o, "][meta sequenceId=\"%llu\"] ",
	    (unsigned long long)(audit_sequence() % 0x7fffffff + 1));
	write_last(o, row, fields);
}

static void
json_text(struct audit_out *o, const char *name, const char *text)
{
	size_t mark = audit_out_mark(o);

	audit_out_printf(
	    o, "%s\"%s\":", o->data[o->len - 1] == '{' ? "" : ",", name);
	write_quoted(o, text, "\"\\");
	audit_out_settle(o, mark);
}

static void
json_number(struct audit_out *o, const char *name, uint64_t number)
{
	size_t mark = audit_out_mark(o);

	audit_out_printf(o, "%s\"%s\":%llu",
	    o->data[o->len - 1] == '{' ? "" : ",", name,
	    (unsigned long long)number);
	audit_out_settle(o, mark);
}

static void
json_value(struct audit_out *o, const char *name, const struct audit_value *v)
{
	char text[AUDIT_VALUE_MAX + 1];
	size_t mark = audit_out_mark(o);

	if (!v->present)
		return;
	switch (v->kind) {
	case AUDIT_KIND_number:
	case AUDIT_KIND_count:
		json_number(o, name, v->number);
		break;
	case AUDIT_KIND_duration: /* ECS: nanoseconds */
		json_number(o, name,
		    v->number > UINT64_MAX / 1000000 ? UINT64_MAX :
						       v->number * 1000000);
		break;
	case AUDIT_KIND_flag:
		audit_out_printf(
		    o, ",\"%s\":%s", name, v->number != 0 ? "true" : "false");
		audit_out_settle(o, mark);
		break;
	default:
		audit_value_text(text, v, ESCAPE_LINE);
		json_text(o, name, text);
		break;
	}
}

static void
json_pairs(struct audit_out *o, const char *prefix, const struct audit_value *v)
{
	char name[96];

	for (size_t i = 0; v->present && i < v->pairs->count; i++) {
		struct audit_value one = audit_value_pair(v, i);

		snprintf(
		    name, sizeof(name), "%s.%s", prefix, v->pairs->names[i]);
		json_value(o, name, &one);
	}
}

/* "a,b" as ["a","b"]. */
static void
json_list(struct audit_out *o, const char *name, const char *list)
{
	size_t len, mark = audit_out_mark(o);

	audit_out_printf(o, ",\"%s\":[", name);
	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		audit_out_printf(o, "\"%.*s\"%s", (int)len, list,
		    list[len] == ',' ? "," : "");
	}
	audit_out_text(o, "]");
	audit_out_settle(o, mark);
}

static void
json_event(struct audit_out *o, const struct audit_event_row *row)
{
	char text[64];

	audit_now(text);
	json_text(o, "@timestamp", text);
	json_text(o, "ecs.version", "8.11.0");
	snprintf(text, sizeof(text), "SP-%u", row->code);
	json_text(o, "event.code", text);
	json_text(o, "event.action", row->name);
	json_text(o, "event.kind", row->code >= 9000 ? "alert" : "event");
	json_text(o, "event.outcome", audit_outcome_name(row->outcome));
	json_list(o, "event.category", row->category);
	json_list(o, "event.type", row->type);
	snprintf(text, sizeof(text), "sallyport.%s", audit_dataset(row->code));
	json_text(o, "event.dataset", text);
	json_text(o, "event.provider", "sallyport");
	json_number(o, "event.severity",
	    row->severity > 6 ? 6 : (uint64_t)row->severity);
	json_number(o, "event.sequence", audit_sequence());
	json_text(o, "log.level", audit_severity_name(row->severity));
	json_text(o, "network.protocol", "ssh");
	json_text(o, "service.name", "sallyport");
	json_number(o, "process.pid", (uint64_t)getpid());
}

void
audit_write_json(
    struct audit_out *o, const struct audit_event_row *row, const void *fields)
{
	const struct audit_slot *slot = row->slots;
	char sentence[SENTENCE_MAX], shown[SENTENCE_MAX];
	struct audit_member m[AUDIT_MEMBERS_MAX];
	struct audit_value v;
	struct audit_out s;
	struct audit_seal *seal = audit_seal();
	size_t n = audit_envelope(m), room = o->size;

	if (seal != NULL)
		seal->from = o->len;
	o->size -= 32 + (seal == NULL ? 0 : SEAL_MAX); /* for the end */
	audit_out_text(o, "{");
	json_event(o, row);
	for (size_t i = 0; i < n; i++)
		json_value(o, m[i].json, &m[i].value);
	for (size_t i = 0; slot[i].field != NULL; i++) {
		v = audit_value_of(&slot[i], fields);
		if (v.kind == AUDIT_KIND_pairs)
			json_pairs(o, slot[i].field->json, &v);
		else
			json_value(o, slot[i].field->json, &v);
	}
	audit_out_init(&s, sentence, sizeof(sentence));
	audit_write_sentence(&s, row, fields, true);
	escape(shown, sizeof(shown), sentence, s.len, ESCAPE_LINE);
	json_text(o, "message", shown);
	o->size = room;
	if (o->cut)
		audit_out_text(o, ",\"sallyport.cut\":true");
	if (seal != NULL) {
		audit_out_printf(o,
		    ",\"sallyport.chain\":\"%s\",\"sallyport.n\":%llu",
		    seal->name, (unsigned long long)seal->number);
		put_hash(o, ",\"sallyport.hash\":\"", "\"");
	}
	audit_out_text(o, "}");
}
