/*
 * Named calls: what the monitor is in, for the master's deadlines.  While the
 * client is being asked the clock is the login's grace, not the call's.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct monitor *watched;
static pid_t watched_pid; /* children of modules may exit as they like */

/*
 * A monitor ends by _exit(): whoever comes here was sent by a module that
 * called exit() in the middle of a call.
 */
static void
exited(void)
{
	struct monitor *m = watched;

	if (m == NULL || getpid() != watched_pid || m->auth == NULL ||
	    !m->auth->in_call)
		return;
	watched = NULL;
	if (slot_call_module(m->auth->call, m->auth->call_detail) == NULL)
		AUDIT(monitor_crash, .call = slot_call_text(m->auth->call),
		    .detail = m->auth->call_detail);
	else
		AUDIT(module_crash,
		    .module =
			m->template->modules[m->auth->current].settings->name,
		    .call = slot_call_text(m->auth->call));
	/* It is not called again, the others clean up. */
	m->auth->joined[m->auth->current].begun = false;
	m->auth->joined[m->auth->current].session = false;
	auth_close(m);
	_exit(EXIT_FAILED);
}

void
auth_watch_exit(struct monitor *m)
{
	if (watched == NULL && atexit(exited) != 0)
		log_error("atexit: no room");
	watched = m;
	watched_pid = getpid();
}

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

	host_state_release(m);

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
