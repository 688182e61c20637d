/*
 * Messages to and sockets from systemd and supervisors of its kind
 * (sd_notify(3), sd_listen_fds(3)).
 */
#ifndef DAEMON_MASTER_NOTIFY_H
#define DAEMON_MASTER_NOTIFY_H

struct master;

void notify_state(const char *state);
int notify_listen_fds(struct master *m);
void notify_watchdog_start(struct master *m);

#endif
