/*
 * The report of a self-test: what a program of this session would find.
 */
#ifndef DAEMON_SESSION_SELFTEST_H
#define DAEMON_SESSION_SELFTEST_H

/*
 * In the child that would have become the user's program: writes to standard
 * output SELFTEST_HEAD (privsep/wall.h), then lines "name=word value=word"
 * (lib/escape.h).  environment is the program's.  The exit status.
 */
int selftest_report(char *const *environment);

#endif
