/*
 * Named calls: what the monitor is in, for the master's deadlines.  While the
 * client is being asked the clock is the login's grace, not the call's.
 */
#include "daemon/monitor/auth.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t
auth_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
auth_call(struct monitor *m, enum slot_call call, const char *detail)
{
	struct auth *a = m->auth;

	if (a->in_call)
		monitor_call_done(m);
	a->call = call;
	a->in_call = true;
	a->call_began = auth_clock();
	snprintf(a->call_detail, sizeof(a->call_detail), "%s",
	    detail == NULL ? "" : detail);
	monitor_call(m, call, a->call_detail);
}

void
auth_call_done(struct monitor *m)
{
	if (m->auth->in_call)
		monitor_call_done(m);
	m->auth->in_call = false;
	m->auth->call = CALL_NONE;
}

enum slot_call
auth_call_pause(struct monitor *m)
{
	enum slot_call call = m->auth->in_call ? m->auth->call : CALL_NONE;

	auth_call_done(m);
	return call;
}

void
auth_call_resume(struct monitor *m, enum slot_call call)
{
	char detail[sizeof(m->auth->call_detail)];

	if (call == CALL_NONE)
		return;
	memcpy(detail, m->auth->call_detail, sizeof(detail));
	auth_call(m, call, detail);
}
