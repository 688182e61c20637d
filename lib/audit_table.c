/*
 * The audit catalogue turned into const tables, and values taken out of
 * events by them.  For the encoders in master and monitor.
 */
#include "lib/audit_table.h"

#include "lib/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELD_ENUM(member, kind, sd, json, help) FIELD_##member,
enum { AUDIT_FIELD_LIST(FIELD_ENUM) FIELD_COUNT };

#define FIELD_ROW(member, kind, sd, json, help) \
	[FIELD_##member] = {#member, sd, json, help, AUDIT_KIND_##kind},
const struct audit_field audit_fields[] = {AUDIT_FIELD_LIST(FIELD_ROW)};
const size_t audit_field_count = FIELD_COUNT;

#define SLOT(event, member) \
	{&audit_fields[FIELD_##member], offsetof(struct audit_##event, member)},
#define SLOTS(event, code, name, severity, outcome, category, type, text) \
	static const struct audit_slot slots_##event[] = {                \
	    AUDIT_FIELDS_##event(SLOT, event){NULL, 0}};
AUDIT_EVENT_LIST(SLOTS)

#define ROW(event, code, name, severity, outcome, category, type, text) \
	[AUDIT_##event] = {#event, name, code, AUDIT_##severity,        \
	    AUDIT_##outcome, category, type, text, slots_##event},
const struct audit_event_row audit_events[AUDIT_EVENT_COUNT] = {
    AUDIT_EVENT_LIST(ROW)};

const char *
audit_severity_name(enum audit_severity severity)
{
	switch (severity) {
	case AUDIT_ERROR:
		return "error";
	case AUDIT_WARNING:
		return "warning";
	case AUDIT_NOTICE:
		return "notice";
	default:
		return "info";
	}
}

const char *
audit_outcome_name(enum audit_outcome outcome)
{
	static const char *const names[] = {"unknown", "success", "failure"};

	return names[outcome];
}

const char *
audit_dataset(unsigned code)
{
	static const char *const names[] = {"server", "server", "network",
	    "auth", "auth", "session", "forward", "file", "control", "alarm"};

	return names[code / 1000 % 10];
}

struct audit_value
audit_value_of(const struct audit_slot *slot, const void *fields)
{
	const void *p = (const uint8_t *)fields + slot->offset;
	struct audit_value v = {.kind = slot->field->kind};

	switch (v.kind) {
	case AUDIT_KIND_text:
	case AUDIT_KIND_keytype:
		v.text = *(const char *const *)p;
		v.present = v.text != NULL;
		break;
	case AUDIT_KIND_number:
	case AUDIT_KIND_duration:
		v.number = *(const uint64_t *)p;
		v.present = true;
		break;
	case AUDIT_KIND_count:
		v.number = *(const uint64_t *)p;
		v.present = v.number != 0;
		break;
	case AUDIT_KIND_flag:
		v.number = *(const bool *)p;
		v.present = v.number != 0;
		break;
	case AUDIT_KIND_mode:
		v.number = *(const mode_t *)p;
		v.present = v.number != 0;
		break;
	case AUDIT_KIND_address:
		v.address = *(const struct net_address *const *)p;
		v.present = v.address != NULL;
		break;
	case AUDIT_KIND_pairs:
		v.pairs = *(const struct audit_pairs *const *)p;
		v.present = v.pairs != NULL && v.pairs->count > 0;
		break;
	}
	return v;
}

struct audit_value
audit_value_pair(const struct audit_value *v, size_t i)
{
	return (struct audit_value){.kind = AUDIT_KIND_text,
	    .present = v->pairs->values[i] != NULL,
	    .text = v->pairs->values[i]};
}

size_t
audit_value_text(
    char out[AUDIT_VALUE_MAX + 1], const struct audit_value *v, unsigned flags)
{
	const size_t size = AUDIT_VALUE_MAX + 1;
	char address[NET_TEXT_MAX];

	switch (v->kind) {
	case AUDIT_KIND_text:
	case AUDIT_KIND_keytype:
		return escape_text(out, size, v->text, flags);
	case AUDIT_KIND_flag:
		return (size_t)snprintf(
		    out, size, "%s", v->number != 0 ? "true" : "false");
	case AUDIT_KIND_mode:
		return (size_t)snprintf(
		    out, size, "%04o", (unsigned)v->number & 07777);
	case AUDIT_KIND_address:
		return (size_t)snprintf(
		    out, size, "%s", net_print(v->address, address));
	default:
		return (size_t)snprintf(
		    out, size, "%llu", (unsigned long long)v->number);
	}
}

void
audit_out_init(struct audit_out *o, char *data, size_t size)
{
	*o = (struct audit_out){.data = data, .size = size - 1};
	data[0] = '\0';
}

void
audit_out_bytes(struct audit_out *o, const char *data, size_t len)
{
	if (o->full || len > o->size - o->len) {
		o->full = true;
		return;
	}
	memcpy(&o->data[o->len], data, len);
	o->len += len;
	o->data[o->len] = '\0';
}

void
audit_out_text(struct audit_out *o, const char *text)
{
	audit_out_bytes(o, text, strlen(text));
}

void
audit_out_printf(struct audit_out *o, const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		o->full = true;
	else
		audit_out_bytes(o, text, (size_t)n);
}

size_t
audit_out_mark(const struct audit_out *o)
{
	return o->len;
}

void
audit_out_settle(struct audit_out *o, size_t mark)
{
	if (!o->full)
		return;
	o->len = mark;
	o->data[mark] = '\0';
	o->full = false;
	o->cut = true;
}
