/*
 * A judge of open connections: what it keeps during its round, and of the
 * connection that it judges.  judge.c decides, judge_question.c reads.
 */
#ifndef DAEMON_MONITOR_JUDGE_H
#define DAEMON_MONITOR_JUDGE_H

#include "config/arena.h"
#include "config/policy/policy.h"
#include "daemon/monitor/monitor.h"
#include "lib/safefile.h"
#include "privsep/directory.h"

#define ACCOUNTS_MOST 256
#define LISTS_MOST    64

/* An account, looked up once in a round: many connections are one user's. */
struct account {
	struct arena *arena;
	struct policy_facts facts;
	struct timed_grant *timed; /* of facts */
	bool shadow_known;
	struct directory_shadow shadow;
};

/* A revocation list, read once in a round. */
struct list {
	const char *path; /* the configuration's */
	struct krl *krl; /* NULL: it cannot be used */
	char why[SAFEFILE_WHY_MAX];
};

struct judge {
	const struct monitor_template *t;
	bool silent; /* the name service has not returned */
	uint32_t round; /* of what follows */
	struct account accounts[ACCOUNTS_MOST];
	size_t n_accounts;
	struct list lists[LISTS_MOST];
	size_t n_lists;
};

/* One connection. */
struct asked {
	struct judge *j;
	struct wall wall;
	uint32_t generation, round;
	char user[SSH_USER_MAX + 1], rule[64 + 1];
	char *listener, *principal, *key_command;
	uint32_t uid;
	bool locked;
	char *methods; /* cut up */
	const char *walked[CHAIN_STEPS_MAX + 1];
	struct policy_facts facts;
	struct judged_key {
		char *texts[5];
		struct policy_facts facts;
		uint8_t *blob;
		size_t blob_len;
	} keys[WALL_JUDGE_KEYS];
	size_t n_keys;
	struct decision d;
	/* Whatever the verdict: of the rule that let it in, as it is written
	 * now; empty if there is none of that name. */
	struct decision kept;
	bool rule_is_there;
	/* the answer */
	enum judge_verdict verdict;
	uint32_t refusal;
	char why[WALL_TEXT_MAX + 1];
};

/*
 * Read what lies in the wall, all of it; 0, or an error: then the connection
 * gets no answer.
 */
int question_read(struct asked *a);
/* Once the account's facts are there: the login's with its last key, and with
 * each before. */
void question_join_keys(struct asked *a);
void question_free(struct asked *a);

#endif
