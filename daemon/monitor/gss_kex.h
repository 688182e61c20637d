/*
 * gss_kex.c: the Kerberos context of a key exchange (RFC 4462 section 2).
 */
#ifndef DAEMON_MONITOR_GSS_KEX_H
#define DAEMON_MONITOR_GSS_KEX_H

#include "daemon/monitor/monitor.h"

/* The exchange before has its NEWKEYS: tickets it has brought are taken. */
void gss_kex_newkeys(struct monitor *m);

/*
 * The client's token is accepted, and our MIC made over the hash: the worker
 * gets `kex_done`, and 0 is returned; or it gets `kex_failed`, and the log the
 * reason.  The first exchange's context becomes m->gss, and one of a rekey that
 * has brought tickets for the session.
 */
int gss_kex_answer(struct monitor *m, struct bytes token, struct bytes hash);

#endif
