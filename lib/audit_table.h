/*
 * The catalogue as const tables, for the encoders and the tests.  Internal to
 * lib/audit*.c; others call lib/audit.h.
 */
#ifndef LIB_AUDIT_TABLE_H
#define LIB_AUDIT_TABLE_H

#include "lib/audit.h"
#include "lib/audit_chain.h"

enum audit_kind {
	AUDIT_KIND_text,
	AUDIT_KIND_keytype,
	AUDIT_KIND_number,
	AUDIT_KIND_count,
	AUDIT_KIND_duration,
	AUDIT_KIND_flag,
	AUDIT_KIND_mode,
	AUDIT_KIND_address,
	AUDIT_KIND_pairs,
};

struct audit_field {
	const char *name; /* in sentences and in the C structures */
	const char *sd; /* in structured data and after sentences */
	const char *json;
	const char *help;
	enum audit_kind kind;
};

enum audit_severity {
	AUDIT_CRITICAL = 2, /* of sshd's sentences alone */
	AUDIT_ERROR = 3,
	AUDIT_WARNING = 4,
	AUDIT_NOTICE = 5,
	AUDIT_INFO = 6,
	AUDIT_VERBOSE = 7, /* sent as 6 */
};

enum audit_outcome { AUDIT_UNKNOWN, AUDIT_SUCCESS, AUDIT_FAILURE };

struct audit_slot {
	const struct audit_field *field;
	size_t offset;
};

#define AUDIT_SLOT_MAX 16 /* fields of one event */

struct audit_event_row {
	const char *id; /* auth_ok */
	const char *name; /* auth.ok */
	unsigned code;
	enum audit_severity severity;
	enum audit_outcome outcome;
	const char *category, *type; /* ECS; lists with commas */
	const char *sentence;
	const struct audit_slot *slots; /* the last has no field */
};

extern const struct audit_event_row audit_events[AUDIT_EVENT_COUNT];
extern const struct audit_field audit_fields[];
extern const size_t audit_field_count;

const char *audit_severity_name(enum audit_severity severity);
const char *audit_outcome_name(enum audit_outcome outcome);
/* "auth", "session", ...: the part of the catalogue a code lies in. */
const char *audit_dataset(unsigned code);

/* A value taken out of an event or the envelope. */
struct audit_value {
	enum audit_kind kind;
	bool present;
	bool one_word; /* a space in it would imitate the sentence */
	const char *text;
	uint64_t number;
	const struct net_address *address;
	const struct audit_pairs *pairs;
};
struct audit_value audit_value_of(
    const struct audit_slot *slot, const void *fields);
/* The pair number i of a value as a text. */
struct audit_value audit_value_pair(const struct audit_value *v, size_t i);

/* Its text, escaped (flags: lib/escape.h) and cut at AUDIT_VALUE_MAX. */
size_t audit_value_text(
    char out[AUDIT_VALUE_MAX + 1], const struct audit_value *v, unsigned flags);

/*
 * A record in the making.  Whole pieces or nothing: out_piece_begin marks a
 * place, and out_piece_end takes everything since back if it did not fit.
 */
struct audit_out {
	char *data;
	size_t len, size; /* size: room for the terminator not counted */
	bool full; /* the piece being written did not fit */
	bool cut; /* some piece was left out */
};
void audit_out_init(struct audit_out *o, char *data, size_t size);
void audit_out_bytes(struct audit_out *o, const char *data, size_t len);
void audit_out_text(struct audit_out *o, const char *text);
void audit_out_printf(struct audit_out *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
size_t audit_out_mark(const struct audit_out *o);
void audit_out_settle(struct audit_out *o, size_t mark);

/*
 * A record that is to be linked to its chain (lib/audit_chain.h), while it is
 * made: the encoder says where its text begins and where its hash stands.
 */
struct audit_seal {
	size_t output;
	const char *name; /* of the chain */
	uint64_t number;
	char time[40];
	size_t from; /* where what is hashed begins */
	size_t at, width; /* the hash's field; width 0: the format has none */
	size_t digits; /* the hash within it */
};
/* The seal of the record that is being made; NULL if it has none. */
struct audit_seal *audit_seal(void);
/* The output's format and place; another than before begins another chain. */
void audit_chain_kind(size_t output, uint32_t kind);
void audit_seal_open(struct audit_seal *seal, size_t output);
void audit_seal_drop(void);
/* Links the record on, and writes its hash into it, or into hex. */
void audit_seal_close(struct audit_seal *seal, char *record, size_t len);
void audit_seal_close_journal(struct audit_seal *seal, const char *record,
    size_t len, char hex[AUDIT_HASH_HEX]);
/* The lines of a record of the journal, sorted; sorted has room for len. */
size_t audit_chain_sort(const char *record, size_t len, char *sorted);

/* The formats: each fills o from an event; they never fail. */
void audit_write_sentence(struct audit_out *o,
    const struct audit_event_row *row, const void *fields, bool plain);
void audit_write_text(struct audit_out *o, const struct audit_event_row *row,
    const void *fields, bool plain);
void audit_write_sd(struct audit_out *o, const struct audit_event_row *row,
    const void *fields, bool header);
void audit_write_json(
    struct audit_out *o, const struct audit_event_row *row, const void *fields);

/* The envelope's members under both formats' names, each with its value. */
struct audit_member {
	const char *sd, *json;
	struct audit_value value;
};
#define AUDIT_MEMBERS_MAX 14
size_t audit_envelope(struct audit_member m[AUDIT_MEMBERS_MAX]);

/*
 * For the journal: the name of a field (a prefix, then the member's name in
 * capitals); "" if it is too long.  The MESSAGE_ID of an event.
 */
#define AUDIT_JOURNAL_NAME_SIZE 65
#define AUDIT_MESSAGE_ID_SIZE	33
void audit_journal_name(
    char name[AUDIT_JOURNAL_NAME_SIZE], const char *prefix, const char *member);
void audit_message_id(char id[AUDIT_MESSAGE_ID_SIZE], unsigned code);

/* UTC with microseconds, as RFC 3339; the number of this record. */
void audit_now(char text[40]);
uint64_t audit_sequence(void);

#endif
