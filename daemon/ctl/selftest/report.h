/*
 * The findings of a self-test, and how they are printed.
 */
#ifndef DAEMON_CTL_SELFTEST_REPORT_H
#define DAEMON_CTL_SELFTEST_REPORT_H

#include "daemon/ctl/record.h"

enum selftest_result {
	SELFTEST_WHOLE,
	SELFTEST_REFUSED, /* by the policy, the account, PAM */
	SELFTEST_FAILED, /* something does not work */
	SELFTEST_UNTRIED, /* no key alone gets any further */
	SELFTEST_RESULTS
};

struct selftest_report {
	const char *user, *source;
	enum selftest_result result;
	char why[1024];
	char connection[32];
	uint64_t ms; /* of all */
	uint64_t slow_us; /* a step of so many is marked */
	struct records steps; /* of the monitor: step, name, detail, us */
	struct records session; /* of the session: name, value, note */
};

/* The last step of that kind; NULL: none was told. */
const struct record *selftest_step(
    const struct selftest_report *r, const char *step);

/* The session's lines; false: it is no report. */
bool selftest_take_session(struct selftest_report *r, char *text);
/* A note on each namespace: whether it is that of this process. */
void selftest_compare(struct selftest_report *r, unsigned long server);

void selftest_print(const struct selftest_report *r);
void selftest_json(const struct selftest_report *r);

#endif
