/*
 * Deadlines, looked at once a second while there are connections: the login
 * grace time, each blocking call a monitor has named in its slot, and what
 * lingers after its other half has gone.
 */
#include "daemon/master/lobby.h"
#include "daemon/master/judging.h"

#include "lib/audit.h"
#include "lib/log.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 1000
/* A monitor without its worker, in no named call, has this long. */
#define LINGER_MS 10000
/* A worker whose client sleeps ends itself after half an hour. */
#define SILENT_MS (35 * 60 * 1000)
/* Added to a call's deadline, so that a module's own time-out comes first. */
#define SLACK_MS 500

static void
grace(struct connection *c, uint64_t now)
{
	uint32_t seconds = c->generation->config->limits.login_grace;

	if (c->authenticated || c->ended_by_us || seconds == 0 ||
	    now - c->accepted_at < (uint64_t)seconds * 1000)
		return;
	connection_audit(c);
	AUDIT(auth_timeout, .seconds = seconds,
	    .process = (uint64_t)(c->monitor > 0 ? c->monitor : getpid()));
	audit_forget_connection();
	c->ended_by_us = c->grace_exceeded = true;
	connection_cut(c);
}

static void
stuck(struct master *m, struct connection *c, const struct slot *slot,
    const char *why)
{
	child_signal(c->monitor_pidfd, SIGKILL);
	child_signal(c->worker_pidfd, SIGKILL);
	/* A monitor that cannot die yet is told of once, not each second. */
	if (c->stuck_told)
		return;
	c->stuck_told = true;
	connection_audit(c);
	AUDIT(call_deadline,
	    .call = slot->call != CALL_NONE ? slot_call_text(slot->call) : why,
	    .component = slot->detail, .process = (uint64_t)c->monitor,
	    .duration_ms = loop_now(m->loop) - c->accepted_at);
	audit_forget_connection();
	m->stats.deadlines++;
	c->ended_by_us = true;
}

static void
look(struct master *m, struct connection *c, uint64_t now)
{
	struct slot slot;

	connection_slot(c, &slot);
	if (connection_logged_in(c))
		c->authenticated = true;
	trial_saw_login(m, c, &slot);
	judging_one(m, c, &slot);
	grace(c, now);
	if (c->client >= 0) {
		if (c->grace_exceeded)
			lobby_end(c, "timeout", "no identification");
		else
			lobby_watch(c, now);
		return;
	}
	if (!c->monitor_dead && slot.deadline != 0 &&
	    now > slot.deadline + SLACK_MS) {
		stuck(m, c, &slot, "deadline passed");
		return;
	}
	if (c->worker_dead && !c->monitor_dead && slot.deadline == 0 &&
	    now - c->worker_gone_at > LINGER_MS)
		stuck(m, c, &slot, "worker has gone");
	if (c->monitor_dead && !c->worker_dead &&
	    now - c->monitor_gone_at > (c->silent ? SILENT_MS : LINGER_MS))
		child_signal(c->worker_pidfd, SIGKILL);
}

/* Once for each user, not for each child and each second. */
static void
tell_leftovers(struct master *m)
{
	char name[LEFTOVERS_NAME_MAX];
	uid_t uid;

	if (m->current == NULL || m->current->slots == NULL)
		return;
	while (leftovers_untold(slots_leftovers(m->current->slots), &uid))
		log_warn("processes that look at files of %s cannot be "
			 "ended: no file server answers them; there are at "
			 "most %d, and no other looks are taken for it",
		    leftovers_name(uid, name), LEFTOVERS_AT_ONCE);
}

static void
on_tick(void *arg)
{
	struct master *m = arg;
	uint64_t now = loop_now(m->loop);
	struct connection *c, *next;

	for (c = m->connections; c != NULL; c = next) {
		next = c->next;
		look(m, c, now);
	}
	tell_leftovers(m);
	remember_tick(m);
	judging_tick(m);
	loop_timer_start(m->loop, &m->tick, TICK_MS, on_tick, m);
}

void
watch_start(struct master *m)
{
	loop_timer_start(m->loop, &m->tick, TICK_MS, on_tick, m);
}
