/*
 * Keeps the table of what each key did (lib/key_uses.h) after logins.
 */
#ifndef DAEMON_MONITOR_KEY_RECORD_H
#define DAEMON_MONITOR_KEY_RECORD_H

#include "daemon/monitor/monitor.h"

/* After the client has its answer: the keys of this login. */
void key_record_login(struct monitor *m);

/* At the end of the connection: what another process was in the way of. */
void key_record_finish(void);

#endif
