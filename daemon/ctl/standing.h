/*
 * sallyportctl explain: what stands for and against a login beyond the policy,
 * found out one by one.  "Not known" is an answer of its own.
 */
#ifndef DAEMON_CTL_STANDING_H
#define DAEMON_CTL_STANDING_H

#include "daemon/ctl/explain.h"

enum standing_state {
	STANDING_GOOD,
	STANDING_NOTE, /* limits the session, or one method */
	STANDING_UNKNOWN,
	STANDING_REFUSES
};

struct standing {
	enum standing_state state;
	const char *what; /* a word: "account", "shell", ... */
	char *text;
};

struct standings {
	struct standing *items;
	size_t count;
};

void standing_add(struct standings *s, enum standing_state state,
    const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const char *standing_word(enum standing_state state);
void standings_free(struct standings *s);

/*
 * The account, on this machine: shadow entry, shell, home, key files, chroot,
 * and what PAM's account stage is known to ask.  d is the policy's decision.
 * As the server does: files of the user are opened by a child that has become
 * the user, where this is run by root.
 */
void explain_account(
    struct question *q, const struct decision *d, struct standings *s);

/*
 * The running server: whether it takes connections, and what it holds against
 * the source.
 */
struct ctl;
void explain_server(
    const struct ctl *ctl, const struct question *q, struct standings *s);

/*
 * Does the stack of a PAM service ask this module ("pam_shells") for this kind
 * ("account")?  -1: its file, or one that it includes, cannot be read.
 * directory NULL: where libpam looks.
 */
int explain_pam_asks(const char *directory, const char *service,
    const char *kind, const char *module);

#endif
