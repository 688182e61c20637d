/*
 * Login records: utmp, wtmp or wtmpdb, lastlog, btmp; what who(1), last(1),
 * lastlog(8) and lastb(8) show.  Written by the monitor, and by the master for
 * one that died.  Each record has one owner: where PAM writes it, the server
 * does not (config: records).
 */
#ifndef PRIVSEP_RECORDS_H
#define PRIVSEP_RECORDS_H

#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct record {
	const char *line; /* "pts/3"; "ssh:notty" for btmp */
	const char *user;
	uid_t uid;
	pid_t pid; /* the monitor's */
	struct net_address source;
	bool utmp, wtmp, lastlog; /* which are ours to write */
};

/* Failures are logged; a full disk does not keep anybody out. */
void record_login(const struct record *r);
void record_logout(const struct record *r);
/*
 * The same, in a process of its own, for the master: anybody who may read utmp
 * can hold its lock, and libc waits for that for ten seconds.
 */
void record_logout_apart(const struct record *r);
/* A failed attempt, as sshd writes it: line "ssh:notty". */
void record_failure(const char *user, const struct net_address *source);

/* The last login before this one; false when there was none. */
bool record_last_login(uid_t uid, time_t *when, char *host, size_t size);

#endif
