/*
 * Guesses at an account's password from sources that the account does not
 * know.
 */
#ifndef DAEMON_MONITOR_GUESS_H
#define DAEMON_MONITOR_GUESS_H

struct monitor;

/*
 * Around a request: begin takes a token where one is needed, and without one
 * makes the request one that cannot succeed; end gives it back if the proof was
 * right, or could not be judged.
 */
void guess_begin(struct monitor *m);
void guess_end(struct monitor *m);

/* The login is complete: its source is known to the account. */
void guess_succeeded(struct monitor *m);

#endif
