/*
 * Records for the Linux audit, as the messages of libaudit: the text in its
 * encoding, over a netlink socket, without the library.
 *
 * The kernel delays the sender of a record while its queue is full (for up to
 * a minute, audit_backlog_wait_time), and no flag prevents that.  So records
 * are sent by a thread that lives for one batch: it carries this process's
 * pid, login uid and session, which the kernel adds to each record, and
 * nobody waits for it.  It calls nothing but the socket functions, so that
 * another thread may fork() at any time.
 *
 * Not for several threads, and not after a fork() in a child.
 */
#ifndef LIB_AUDIT_NETLINK_H
#define LIB_AUDIT_NETLINK_H

#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Types of records, with the numbers of libaudit. */
enum audit_netlink_type {
	AUDIT_NETLINK_USER_AUTH = 1100,
	AUDIT_NETLINK_USER_ERR = 1109,
	AUDIT_NETLINK_USER_LOGIN = 1112,
	AUDIT_NETLINK_USER_LOGOUT = 1113,
	AUDIT_NETLINK_ANOM_LOGIN_FAILURES = 2100,
	AUDIT_NETLINK_ANOM_LOGIN_TIME = 2101,
	AUDIT_NETLINK_ANOM_LOGIN_ROOT = 2119,
	AUDIT_NETLINK_CRYPTO_KEY_USER = 2404,
	AUDIT_NETLINK_CRYPTO_SESSION = 2407,
};

struct audit_netlink_record {
	enum audit_netlink_type type;
	/* "op=... name=value": of our own words alone; see
	 * audit_netlink_word(). */
	const char *fields;
	const char *acct; /* from anybody; NULL: none */
	bool by_id; /* write id= in place of acct= */
	uid_t id;
	const struct net_address *source;
	const char *terminal; /* from ourselves; NULL: "?" */
	bool success;
};

#define AUDIT_NETLINK_TEXT_MAX 1024

/*
 * The text of a record, terminated.  Its length, or 0 if it does not fit.
 * exe is the path of the program.
 */
size_t audit_netlink_format(char out[AUDIT_NETLINK_TEXT_MAX],
    const struct audit_netlink_record *record, const char *exe);

/*
 * A value that stands without quotes, from somebody whom we do not trust: up
 * to size - 1 of its bytes, those that could end the value or the message as
 * "_".  NULL and "" become "?".
 */
const char *audit_netlink_word(char *out, size_t size, const char *value);

/*
 * Ask the kernel whether it takes records from this process, with one that is
 * empty and is not kept.  0, or the errno.
 */
int audit_netlink_probe(void);

/* Keep a record for the next audit_netlink_flush().  A record for which there
 * is no room is counted as lost. */
void audit_netlink_add(const struct audit_netlink_record *record);
/* Start to send what is kept, unless a batch is on its way: then it waits for
 * the next call. */
void audit_netlink_flush(void);

struct audit_netlink_loss {
	unsigned count; /* records */
	int error; /* errno of one of them */
};
/* Send what is kept, waiting no longer than this, and tell what was lost. */
struct audit_netlink_loss audit_netlink_end(unsigned milliseconds);

/* Opens the socket; the tests put a double in its place.  -1 and errno. */
extern int (*audit_netlink_open)(void);

#endif
