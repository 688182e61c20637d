/*
 * sallyportctl explain: what its files share.
 */
#ifndef DAEMON_CTL_EXPLAIN_H
#define DAEMON_CTL_EXPLAIN_H

#include "config/config.h"
#include "config/policy/policy.h"
#include "lib/buf.h"
#include "lib/ssh/key.h"
#include "modules/host/key_facts.h"
#include "privsep/account.h"

#include <pwd.h>
#include <stdio.h>

#define EXPLAIN_NOTES_MAX 64

/* The question. */
struct question {
	const struct config *config;
	struct policy_facts facts;
	struct passwd *passwd; /* NULL: there is none, or it is not known */
	struct account_groups groups;
	struct timed_grant *timed; /* of facts */
	size_t method_count; /* of facts.methods, also when none is asked */
};

/* The result for one key. */
struct key_answer {
	bool accepted;
	char algorithm[65];
	struct key_facts facts; /* not told by a module: what it is itself */
	char reason[512]; /* why not */
	char *notes[EXPLAIN_NOTES_MAX]; /* what was met on the way */
	size_t note_count;
	/* what its line and certificate take from the session */
	char *restrictions[EXPLAIN_NOTES_MAX];
	size_t restriction_count;
	char *command; /* its own forced command, or NULL */
};

/*
 * Ask the module that serves publickey whether it would take the public key
 * in this file, as it answers a client's query.  0, or -1: said on stderr.
 */
int explain_key(struct question *q, const char *file, struct key_answer *a);
/* explain_key_file.c: the public key of a file.  0, or said on stderr. */
int explain_read_key(const char *file, struct key **key);
void key_answer_free(struct key_answer *a);
/* explain_modules.c: what each module is set to; in JSON the elements of a
 * list. */
void explain_modules(const struct config *config, bool json);
/* explain_answer.c.  Type, bits, and the algorithm that a client would use. */
void key_answer_describe(const struct key *key, struct key_answer *a);
/* Between a child and its parent, the same program. */
void key_answer_put(const struct key_answer *a, struct buf *out);
int key_answer_take(struct key_answer *a, const struct buf *answer);

#endif
