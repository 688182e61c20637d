/*
 * The emitter of audit records, in master and monitor (and in the session for
 * what its user does with files): the envelope, the outputs, the counters.
 */
#include "lib/audit.h"

#include "lib/audit_table.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/syslog_out.h"

#include <sys/random.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct audit_context context;

static struct {
	struct audit_output outputs[AUDIT_OUTPUT_MAX];
	size_t count;
	uint64_t counters[AUDIT_EVENT_COUNT];
	uint64_t sequence;
	audit_hook_fn *hook;
	void *hook_arg;
	bool in_hook;
	int quiet; /* the event at hand: see AUDIT_QUIETLY() */
} audit = {.count = 1};

struct audit_context *
audit_context(void)
{
	return &context;
}

static void
set_text(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memmove(out, text, len);
	out[len] = '\0';
}

void
audit_new_conn_id(char id[AUDIT_CONN_ID_SIZE])
{
	uint64_t number = 0;

	/* Never short for so few bytes, and never waiting after boot. */
	while (getrandom(&number, sizeof(number), 0) < 0 && errno == EINTR)
		;
	snprintf(id, AUDIT_CONN_ID_SIZE, "%016llx", (unsigned long long)number);
}

void
audit_set_connection(const char *id, const struct net_address *source,
    const struct net_address *local)
{
	audit_forget_connection();
	set_text(context.conn, sizeof(context.conn), id);
	context.source = *source;
	context.local = *local;
}

void
audit_set_proxy(const struct net_address *proxy)
{
	context.proxy = *proxy;
}

void
audit_set_selftest(void)
{
	context.selftest = true;
}

void
audit_set_requested(const char *name, bool exists)
{
	set_text(context.requested, sizeof(context.requested), name);
	context.user_state =
	    exists ? AUDIT_USER_AUTHENTICATING : AUDIT_USER_INVALID;
}

void
audit_set_user(const char *name, uid_t uid)
{
	set_text(context.user, sizeof(context.user), name);
	context.uid = uid;
	context.user_state = AUDIT_USER_KNOWN;
}

void
audit_set_rule(const char *name)
{
	set_text(context.rule, sizeof(context.rule), name);
}

void
audit_set_identified(void)
{
	context.identified = true;
}

void
audit_set_denied(void)
{
	context.denied = true;
}

void
audit_set_generation(uint64_t generation)
{
	context.generation = generation;
}

void
audit_set_component(const char *name)
{
	context.component = name;
}

void
audit_forget_connection(void)
{
	const char *component = context.component;
	uint64_t generation = context.generation;

	memset(&context, 0, sizeof(context));
	context.component = component;
	context.generation = generation;
}

int
audit_set_outputs(const struct audit_output *outputs, size_t count)
{
	if (count > AUDIT_OUTPUT_MAX)
		return E_LIMIT;
	if (count != 0)
		memcpy(audit.outputs, outputs, count * sizeof(*outputs));
	audit.count = count;
	for (size_t i = 0; i < count; i++)
		audit_chain_kind(i,
		    (uint32_t)outputs[i].format << 8 |
			(uint32_t)outputs[i].sink);
	return 0;
}

uint64_t
audit_count(enum audit_event event)
{
	return audit.counters[event];
}

void
audit_set_hook(audit_hook_fn *fn, void *arg)
{
	audit.hook = fn;
	audit.hook_arg = arg;
}

uint64_t
audit_sequence(void)
{
	return audit.sequence;
}

/* A file has room for the whole header; in syslog it must be asked for. */
static bool
wants_header(const struct audit_output *how)
{
	return how->sink == AUDIT_TO_FD ||
	    (how->sink == AUDIT_TO_SYSLOG && how->header);
}

size_t
audit_encode(char *out, size_t size, const struct audit_output *how,
    enum audit_event event, const void *fields)
{
	const struct audit_event_row *row = &audit_events[event];
	struct audit_out o;

	audit_out_init(&o, out, size);
	switch (how->format) {
	case AUDIT_TEXT:
		audit_write_text(&o, row, fields, how->plain);
		break;
	case AUDIT_CLASSIC:
		audit_write_text(&o, row, fields, true);
		break;
	case AUDIT_RFC5424:
		audit_write_sd(&o, row, fields, wants_header(how));
		break;
	case AUDIT_JSON:
		/* The mark by which mmjsonparse and others find JSON in a
		 * message. */
		if (how->sink == AUDIT_TO_SYSLOG)
			audit_out_text(&o, "@cee: ");
		audit_write_json(&o, row, fields);
		break;
	}
	return o.len;
}

/* For people: follows the log level, and a file puts the time in front. */
static bool
is_sentence(enum audit_format format)
{
	return format == AUDIT_TEXT || format == AUDIT_CLASSIC;
}

/*
 * The classic format takes sshd's place for rules that choose by severity:
 * sshd's own is in the word before a sentence, and everything else is info.
 * Sentences that it has not keep ours.
 */
static int
classic_severity(
    enum audit_event event, int severity, const char *sentence, size_t len)
{
	static const char error[] = "error: ", fatal[] = "fatal: ";

	if (len >= sizeof(error) - 1 &&
	    memcmp(sentence, error, sizeof(error) - 1) == 0)
		return AUDIT_ERROR;
	if (len >= sizeof(fatal) - 1 &&
	    memcmp(sentence, fatal, sizeof(fatal) - 1) == 0)
		return AUDIT_CRITICAL;
	return event == AUDIT_kex_fail || event == AUDIT_protocol_violation ||
		event == AUDIT_mac_fail ?
	    AUDIT_INFO :
	    severity;
}

/* Text and classic have no chain: a line of theirs has no room for it. */
static void
open_seal(struct audit_seal *seal, const struct audit_output *how)
{
	audit_seal_drop();
	if (how->sink == AUDIT_TO_JOURNAL || !is_sentence(how->format))
		audit_seal_open(seal, (size_t)(how - audit.outputs));
	if (audit_seal() != NULL)
		audit_now(seal->time);
}

static void
emit_to(
    const struct audit_output *how, enum audit_event event, const void *fields)
{
	int severity = audit.quiet ? (int)AUDIT_VERBOSE :
				     (int)audit_events[event].severity;
	char record[AUDIT_RECORD_MAX];
	struct audit_seal seal;
	size_t len;

	if (severity == AUDIT_VERBOSE) {
		if (is_sentence(how->format) &&
		    !log_wants(audit.quiet == AUDIT_AT_DEBUG ?
			    LOG_LEVEL_DEBUG :
			    LOG_LEVEL_VERBOSE))
			return;
		severity = AUDIT_INFO;
	}
	open_seal(&seal, how);
	if (how->sink == AUDIT_TO_JOURNAL) {
		if (how->journal(severity, event, fields))
			log_report_lost();
		return;
	}
	len = audit_encode(record, sizeof(record), how, event, fields);
	if (audit_seal() != NULL)
		audit_seal_close(&seal, record, len);
	if (how->format == AUDIT_CLASSIC)
		severity = classic_severity(event, severity, record, len);
	if (how->sink == AUDIT_TO_FD)
		log_write_fd(how->fd, record, len, !is_sentence(how->format));
	else if (how->sink == AUDIT_TO_LOG)
		log_record(severity, record, len, how->format == AUDIT_JSON);
	else if (how->format == AUDIT_RFC5424 && how->header ?
		syslog_out_send_raw(record, len) :
		syslog_out_send(severity, record, len))
		log_report_lost();
}

void
audit_emit(enum audit_event event, const void *fields)
{
	int saved = errno;

	audit.counters[event]++;
	audit.sequence++;
	if (audit.hook != NULL && !audit.in_hook) {
		audit.in_hook = true;
		audit.hook(event, fields, audit.hook_arg);
		audit.in_hook = false;
	}
	for (size_t i = 0; i < audit.count; i++)
		emit_to(&audit.outputs[i], event, fields);
	errno = saved;
}

void
audit_emit_to(size_t output, enum audit_event event, const void *fields)
{
	int saved = errno;

	if (output >= audit.count)
		return;
	audit.counters[event]++;
	audit.sequence++;
	emit_to(&audit.outputs[output], event, fields);
	errno = saved;
}

void
audit_emit_quietly(int quiet, enum audit_event event, const void *fields)
{
	audit.quiet = quiet;
	audit_emit(event, fields);
	audit.quiet = 0;
}
