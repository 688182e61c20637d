/*
 * The doors of the roles: what daemon/start.c opens.  Each takes the wall to
 * the master (and its door) and never returns.
 */
#ifndef DAEMON_ROLES_H
#define DAEMON_ROLES_H

/* daemon/keyholder: reads the host keys, drops, signs. */
void keyholder_run(int wall) __attribute__((noreturn));
/* daemon/helper: drops, filters itself, runs a module's helper(). */
void helper_run(int wall, int door) __attribute__((noreturn));
/* daemon/monitor: loads modules and policy, forks monitors. */
void monitors_run(int wall) __attribute__((noreturn));
/* daemon/worker: drops, filters itself, forks workers. */
void workers_start(int wall) __attribute__((noreturn));

#endif
