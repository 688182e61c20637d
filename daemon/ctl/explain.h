/*
 * sallyportctl explain: what its files share.
 */
#ifndef DAEMON_CTL_EXPLAIN_H
#define DAEMON_CTL_EXPLAIN_H

#include "privsep/errand.h"
#include "config/config.h"
#include "config/policy/policy.h"
#include "lib/buf.h"
#include "lib/ssh/key.h"

#include <pwd.h>
#include <stdio.h>

#define EXPLAIN_GROUPS_MAX 1024
#define EXPLAIN_NOTES_MAX  64

/* The question. */
struct question {
	const struct config *config;
	struct policy_facts facts;
	struct passwd *passwd; /* NULL: there is none, or it is not known */
	gid_t groups[EXPLAIN_GROUPS_MAX];
	size_t group_count;
	size_t method_count; /* of facts.methods, also when none is asked */
};

/* As whom files of its user are looked at; without one, as nobody. */
struct errand_as explain_as_user(const struct question *q);

/* What became of a key. */
struct key_answer {
	bool accepted;
	char type[64], algorithm[64], fingerprint[KEY_FINGERPRINT_SIZE];
	char ca[KEY_FINGERPRINT_SIZE];
	unsigned bits;
	char source[64]; /* name of the key source */
	char place[512]; /* file:line, or where it was found */
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
/* The names of the user's groups, one a line; the caller frees. */
char *explain_groups(const struct question *q);
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
