/*
 * A judge of open connections: what it keeps during its round, and of the
 * connection that it judges.  judge.c decides, judge_question.c reads what is
 * asked, judge_files.c what files say.
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
	/* All of the directory, read once in a round. */
	bool grants_asked;
	enum fact_state grants_state;
	struct timed_grant *grants;
	size_t n_grants;
	bool late; /* a file server has not answered in this round */
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

/*
 * A revocation list, read at its first use in a round; its krl is NULL, and
 * why says so, if it cannot be used, also where no file server answers.  NULL:
 * there are too many.
 */
struct list *judge_list(struct judge *j, const char *path);
/* This user's grants, an array to free (NULL: none).  FACT_UNKNOWN: the
 * directory cannot be read, or does not answer. */
enum fact_state judge_grants(struct judge *j, const char *user,
    struct timed_grant **grants, size_t *count);
/* Forgets the files of the round before. */
void judge_forget_files(struct judge *j);

/* In a fork of the template: an alarm ends it. */
void judge_default_signals(void);

#endif
