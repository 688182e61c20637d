/*
 * The privileges of each process: one row a role.  The start functions drop to
 * what the row says; tests/integration reads /proc against it.
 */
#ifndef PRIVSEP_ROLES_H
#define PRIVSEP_ROLES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum role {
	ROLE_MASTER,
	ROLE_KEYHOLDER,
	ROLE_TICKETHOLDER, /* where a module uses Kerberos */
	ROLE_HELPER, /* of a module that has one */
	ROLE_MONITORS, /* the monitor template */
	ROLE_MONITOR,
	ROLE_WORKERS, /* the worker template */
	ROLE_WORKER,
	ROLE_SESSION,
	ROLE_RECORDER, /* of a channel that is recorded */
	ROLE_COUNT
};

enum role_user {
	AS_ROOT,
	AS_KEYHOLDER,
	AS_TICKETHOLDER,
	AS_HELPER, /* the account is the module's */
	AS_WORKER,
	AS_USER,
	AS_RECORDER
};
enum role_root { ROOT_AS_IS, ROOT_EMPTY };

/* Writable memory that other processes have, too. */
enum role_shared {
	SHARES_SLOTS = 1, /* privsep/slot.h */
	SHARES_KEYS = 2 /* the publickey module's cache, where configured */
};

struct role_row {
	const char *name; /* process title, --role argument */
	enum role_user user; /* all four uids, all four gids */
	enum role_root root; /* ROOT_EMPTY: an empty directory */
	bool no_groups; /* supplementary groups dropped */
	bool no_new_privs;
	bool seccomp;
	bool capabilities; /* keeps root's; else none, in no set */
	bool dumpable;
	bool address_space; /* exec'd: no copy of its parent's memory */
	unsigned shared; /* enum role_shared, or'ed */
	unsigned descriptors; /* at most, in a connection at rest */
};

/* The row; a role outside the table is a bug(). */
const struct role_row *role_row(enum role role);

/* The role of a --role argument, or ROLE_COUNT. */
enum role role_of_name(const char *name);

/* The table as text, a row a line, for `sallyportd --roles` and its test. */
void roles_print(void);

#endif
