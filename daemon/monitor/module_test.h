/*
 * sallyport-module-test: what its two files share.
 */
#ifndef DAEMON_MONITOR_MODULE_TEST_H
#define DAEMON_MONITOR_MODULE_TEST_H

#include "daemon/monitor/auth.h"

#include <stdio.h>

struct test {
	struct monitor m;
	struct monitor_template t;
	const char *user, *source;
	unsigned seconds; /* that a call may take; 0: any */
	const char *call; /* the one in hand */
	char detail[64];
	FILE *script;
	unsigned line;
	char *kept; /* a line that was read and is still to be run */
	const char *outcome; /* "success", ... of the last request */
	char *shown; /* the last thing that the client was told */
	bool failed; /* an expectation did not hold */
	const char *helper_user; /* when root tests */
	pid_t helper; /* 0: none */
};

/* Run the script to its end. */
void script_run(struct test *t);
/* The module asks: the next line must be the answer.  As monitor_wait(). */
int script_reply(struct test *t, enum wall_type type, struct wall_message *x);

/* Open the session, as the first program would. */
void test_open(struct test *t, const char *tty);

/* module_helper.c: the module's helper, if it has one. */
void helper_begin(struct test *t);
void helper_end(struct test *t);

#endif
