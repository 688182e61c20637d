/*
 * delegated.c: Kerberos tickets that a client has delegated.  After
 * sallyport_module.h's host, for the monitor's own files.
 */
#ifndef DAEMON_MONITOR_DELEGATED_H
#define DAEMON_MONITOR_DELEGATED_H

#include "daemon/monitor/monitor.h"
#include "daemon/monitor/ticket.h"
#include "privsep/errand.h"

/* The client has delegated, in the try that runs; no bytes: none are taken. */
void delegated_try(struct monitor *m, struct bytes tickets);
void delegated_forget_try(struct monitor *m);
/* The try's principal is the login's: its tickets, too, or none. */
void delegated_count(struct monitor *m);
/* The decision is final: what it does not take is wiped. */
void delegated_settle(struct monitor *m);

void delegated_wipe(struct monitor *m);

/*
 * May the tickets that were delegated in this key exchange take the place of
 * the login's?  If renew_delegated is granted, the login has tickets of its
 * own, and the client is the login's principal.
 */
bool delegated_renews(const struct monitor *m, const struct gss_exchange *x);
/* They are what is to be stored next; none: text says why. */
void delegated_renew(struct monitor *m, struct bytes tickets, const char *text);
/* Milliseconds until that may be stored; UINT64_MAX: there is none. */
uint64_t delegated_renewal(const struct monitor *m);

/* Are there tickets to be stored? */
bool delegated_waits(const struct monitor *m);
/*
 * Before the modules' sessions: into a cache of the user's, as the user; later
 * in place of what is in that.  The caller has named the call.  For KRB5CCNAME,
 * or NULL: a failure is told in the log, as with sshd, and is not the user's
 * fault.
 */
const char *delegated_store(struct monitor *m, const struct errand_as *as);
/* Behind them: remove what delegated_store() has made. */
void delegated_remove(struct monitor *m, const struct errand_as *as);

#endif
