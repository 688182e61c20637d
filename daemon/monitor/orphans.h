/*
 * For the monitor template: a master that was killed leaves it with monitors
 * whose deadlines nobody keeps.  It starts a keeper for them.
 */
#ifndef DAEMON_MONITOR_ORPHANS_H
#define DAEMON_MONITOR_ORPHANS_H

/*
 * At the template's start, while the descriptors it was given are open: hold
 * what a keeper will need.  orphans_release() in a child that is a monitor.
 */
void orphans_hold(void);
void orphans_release(void);

/* Start a keeper: our end of the wall to it, or -1 (logged). */
int orphans_keeper(void);

#endif
