/*
 * The audit: one catalogue (lib/audit_events.h), one emitter.  Emission is
 * checked by the compiler:
 *
 *	AUDIT(auth_ok, .method = "publickey", .key_type = "ssh-ed25519",
 *	    .fp = fingerprint);
 *
 * Everything about the connection comes from the envelope, set once per
 * process.  No value can break a record or flood it, on any output: each
 * is escaped and cut at AUDIT_VALUE_MAX, a record is one line and bounded.
 * Emitting never fails, never blocks on syslog, and keeps errno.
 */
#ifndef LIB_AUDIT_H
#define LIB_AUDIT_H

#include "lib/audit_events.h"
#include "lib/audit_fields.h"
#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AUDIT_VALUE_MAX	   256
#define AUDIT_RECORD_MAX   8192
#define AUDIT_CONN_ID_SIZE 17 /* 16 hexadecimal digits */

/* enum audit_event: AUDIT_auth_ok, ... */
#define AUDIT_ENUM(event, code, name, severity, outcome, category, type, text) \
	AUDIT_##event,
enum audit_event { AUDIT_EVENT_LIST(AUDIT_ENUM) AUDIT_EVENT_COUNT };
#undef AUDIT_ENUM

/* Fields of a module's own event; a value that is NULL is absent. */
#define AUDIT_PAIRS_MAX 12
struct audit_pairs {
	size_t count;
	const char *names[AUDIT_PAIRS_MAX]; /* [a-z0-9_]+ */
	const char *values[AUDIT_PAIRS_MAX];
};

/* The C type of each field, and one structure per event. */
#define AUDIT_TYPE_text	    const char *
#define AUDIT_TYPE_keytype  const char *
#define AUDIT_TYPE_number   uint64_t
#define AUDIT_TYPE_duration uint64_t
#define AUDIT_TYPE_count    uint64_t
#define AUDIT_TYPE_flag	    bool
#define AUDIT_TYPE_mode	    mode_t
#define AUDIT_TYPE_address  const struct net_address *
#define AUDIT_TYPE_pairs    const struct audit_pairs *
#define AUDIT_TYPEDEF(member, kind, sd, json, help) \
	typedef AUDIT_TYPE_##kind audit_type_##member;
AUDIT_FIELD_LIST(AUDIT_TYPEDEF)
/* A mode is absent when 0; with this bit it is written even if it is 0000. */
#define AUDIT_MODE_GIVEN ((mode_t)1 << 16)
#undef AUDIT_TYPEDEF
#define AUDIT_MEMBER(event, member) audit_type_##member member;
#define AUDIT_STRUCT(                                           \
    event, code, name, severity, outcome, category, type, text) \
	struct audit_##event {                                  \
		AUDIT_FIELDS_##event(AUDIT_MEMBER, event)       \
	};
AUDIT_EVENT_LIST(AUDIT_STRUCT)
#undef AUDIT_STRUCT

#define AUDIT(event, ...) \
	audit_emit(AUDIT_##event, &(const struct audit_##event){__VA_ARGS__})

/*
 * The same, where sshd writes its sentence at level verbose only: if quiet, so
 * do the sentences; AUDIT_AT_DEBUG is for those that it does not write at all
 * in this case.  The machine formats carry every event.
 */
#define AUDIT_AT_DEBUG 2
#define AUDIT_QUIETLY(quiet, event, ...)           \
	audit_emit_quietly((quiet), AUDIT_##event, \
	    &(const struct audit_##event){__VA_ARGS__})

/* To one output alone, by number: what is said of its own chain. */
#define AUDIT_TO(output, event, ...)           \
	audit_emit_to((output), AUDIT_##event, \
	    &(const struct audit_##event){__VA_ARGS__})

/* Called by AUDIT(); fields points at the event's own structure. */
void audit_emit(enum audit_event event, const void *fields);
void audit_emit_quietly(int quiet, enum audit_event event, const void *fields);
void audit_emit_to(size_t output, enum audit_event event, const void *fields);

/*
 * The envelope.  Texts are copied, cut at their room.  The user goes through
 * its states: requested (maybe unknown), then decided.
 */
enum audit_user {
	AUDIT_USER_NONE = 0,
	AUDIT_USER_INVALID, /* requested, does not exist */
	AUDIT_USER_AUTHENTICATING, /* requested, exists */
	AUDIT_USER_KNOWN, /* has logged in */
};

struct audit_context {
	char conn[AUDIT_CONN_ID_SIZE];
	struct net_address source, local;
	struct net_address proxy; /* the balancer that told the source */
	enum audit_user user_state;
	char requested[AUDIT_VALUE_MAX + 1]; /* as the client typed it */
	char user[AUDIT_VALUE_MAX + 1]; /* as NSS returned it */
	uid_t uid; /* with AUDIT_USER_KNOWN */
	bool identified; /* the client has sent its identification */
	bool selftest; /* the connection is sallyportctl's own */
	bool denied; /* by policy: as sshd says it, an invalid user */
	char rule[AUDIT_VALUE_MAX + 1];
	uint64_t generation; /* 0: not known */
	const char *component; /* "master", "monitor", ...; not copied */
};

/* This process's own, to be set, saved and put back as a whole (a master
 * speaks of many connections). */
struct audit_context *audit_context(void);

/* A new connection id from the kernel's random source. */
void audit_new_conn_id(char id[AUDIT_CONN_ID_SIZE]);

/* A new connection: forgets the user and the rule. */
void audit_set_connection(const char *id, const struct net_address *source,
    const struct net_address *local);
/* The balancer that told the source; audit_set_connection() forgets it. */
void audit_set_proxy(const struct net_address *proxy);
/* Asked for by sallyportctl selftest; forgotten likewise. */
void audit_set_selftest(void);
void audit_set_requested(const char *name, bool exists);
void audit_set_user(const char *name, uid_t uid); /* AUDIT_USER_KNOWN */
void audit_set_rule(const char *name);
/* From here on sshd's sentences end in "[preauth]", until login. */
void audit_set_identified(void);
/* Policy refuses the user who was set. */
void audit_set_denied(void);
void audit_set_generation(uint64_t generation);
void audit_set_component(const char *name); /* a string constant */
void audit_forget_connection(void);

/* The outputs, several at once; each has its own format. */
enum audit_format {
	AUDIT_TEXT = 0, /* the classic sentence, then [conn=...] */
	AUDIT_RFC5424, /* structured data, then the sentence */
	AUDIT_JSON, /* one line, ECS names */
	AUDIT_CLASSIC, /* the sentence alone, as sshd writes it */
};
enum audit_sink {
	AUDIT_TO_LOG = 0, /* wherever lib/log.h writes */
	AUDIT_TO_SYSLOG,
	AUDIT_TO_FD, /* a file of its own, or a pipe */
	AUDIT_TO_JOURNAL, /* classic, with every field under its own name */
};
struct audit_output {
	enum audit_format format;
	enum audit_sink sink;
	int fd; /* AUDIT_TO_FD: not closed here */
	/* AUDIT_TO_JOURNAL: audit_journal_event(). */
	bool (*journal)(
	    int severity, enum audit_event event, const void *fields);
	/* Text: the sentence alone, without the fields it does not mention. */
	bool plain;
	/*
	 * RFC 5424 to syslog: with its own header.  rsyslog's imuxsock must
	 * have its special parser off for that, which is not the default; else
	 * the structured data begin the message.
	 */
	bool header;
};
#define AUDIT_OUTPUT_MAX 4
/* Copied.  At birth: one, text to the log.  More than the maximum: E_LIMIT. */
int audit_set_outputs(const struct audit_output *outputs, size_t count);

/*
 * In journald's protocol, by lib/syslog_out.h, which was opened for the
 * journal: an event; a line of lib/log.h with the envelope.  As
 * syslog_out_send().  And the bytes of an event's record, for the tests.
 */
bool audit_journal_event(
    int severity, enum audit_event event, const void *fields);
bool audit_journal_line(int severity, const char *line, size_t len);
size_t audit_encode_journal(char *out, size_t size, int severity,
    enum audit_event event, const void *fields);

/* How often each event was emitted in this process. */
uint64_t audit_count(enum audit_event event);

/* Sees each event before it is written; no record is made from inside. */
typedef void audit_hook_fn(
    enum audit_event event, const void *fields, void *arg);
void audit_set_hook(audit_hook_fn *fn, void *arg);

/*
 * Encode one record without writing it: for the tests and the tools.  Returns
 * the length; always terminated, one line, valid UTF-8.  size is at least
 * 1024; what does not fit is left out whole, and the record says so.
 */
size_t audit_encode(char *out, size_t size, const struct audit_output *how,
    enum audit_event event, const void *fields);

#endif
