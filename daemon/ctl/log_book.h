/*
 * The records of the audit that logs hold, and what is wrong with them: files
 * of syslog, JSON and exports of the journal, in any order, from any number of
 * machines.  All bytes are a stranger's.
 */
#ifndef DAEMON_CTL_LOG_BOOK_H
#define DAEMON_CTL_LOG_BOOK_H

#include "lib/audit_chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key;

/* The form in which a record stands in the log. */
enum log_kind { LOG_SD, LOG_JSON, LOG_JOURNAL };

/* A record; text and rest are what was hashed. */
struct log_record {
	enum log_kind kind;
	char chain[AUDIT_CHAIN_SIZE];
	uint64_t number;
	uint8_t hash[AUDIT_HASH];
	const char *text, *rest;
	size_t text_len, rest_len;
	char *owned; /* text, if it was made here */
	char event[40];
	const char *file;
	uint64_t line;
	size_t order; /* in which it was read */
	/* Set by the judge. */
	bool is_signed; /* a key that was given covers it and all before */
	bool counted; /* the server says that its chain ends here */
	bool ends; /* a checkpoint that says the same of its own */
};

struct log_book {
	struct log_record *records;
	size_t count, room;
	uint64_t unchained; /* records of ours without a chain */
};

/* Take in a file; name and data are borrowed for the life of the book. */
void log_book_read(
    struct log_book *b, const char *name, const char *data, size_t len);
void log_book_free(struct log_book *b);

/*
 * A member of a record, by its name in each form; pair: a name behind the given
 * prefix, which is then in *rest.  Start with *at = 0; false: no more.
 */
struct log_name {
	const char *sd, *json, *journal;
};
bool log_member(const struct log_record *r, const struct log_name *name,
    char *value, size_t size);
bool log_pair(const struct log_record *r, const struct log_name *prefix,
    size_t *at, char *rest, size_t rest_size, char *value, size_t size);

/* Called with a finding (something is wrong) or a remark, without newline. */
typedef void log_say_fn(bool finding, const char *text, void *arg);

struct log_judge {
	const struct key *const *keys; /* of hosts, for checkpoints */
	size_t n_keys;
	bool partial; /* chains may begin before the files do */
	log_say_fn *say;
	void *arg;
	/* Filled in. */
	uint64_t findings, chains, open, checkpoints, signatures;
	uint64_t unsigned_chains; /* of servers, where keys were given */
	char newest[48]; /* time of the newest checkpoint */
};

/* Sorts the book and says what is wrong; true: nothing is. */
bool log_book_judge(struct log_book *b, struct log_judge *j);

#endif
