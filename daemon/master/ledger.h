/*
 * The chain of the server's own records: it takes up where the chains of other
 * processes have ended, and is signed now and then (lib/audit_chain.h).
 */
#ifndef DAEMON_MASTER_LEDGER_H
#define DAEMON_MASTER_LEDGER_H

#include "lib/audit_chain.h"
#include "privsep/wall.h"

struct loop;

/* The wall to a keyholder, NULL: there is none now. */
typedef struct wall *ledger_keyholder_fn(void *arg);

/* A checkpoint every so many seconds. */
void ledger_start(struct loop *loop, uint32_t seconds,
    ledger_keyholder_fn *keyholder, void *arg);

/* A connection's monitor has ended, with these as the last of its records; or
 * this process ends before it. */
void ledger_take(
    uint64_t connection, const struct audit_heads *heads, bool alive);

/* Tell of those that have ended: another image of this process follows. */
void ledger_flush(void);

/* The keyholder's answer. */
void ledger_signed(const struct msg_checkpoint_signed *m);

/* The last checkpoint, before the end of the process; waits a little for it. */
void ledger_end(void);

/* Seconds since the last that was signed; false: there was none. */
bool ledger_age(uint64_t *seconds);

#endif
