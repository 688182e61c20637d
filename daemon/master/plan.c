/*
 * A reload at a time to come: the files are read then.
 */
#include "daemon/master/master.h"

#include "lib/audit.h"
#include "lib/rd.h"

#include <time.h>

#define BUSY_AGAIN_MS 1000
#define LOOK_MS	      30000 /* the clock may be set meanwhile */

static void
on_failed(struct master *m, const char *error, void *arg)
{
	(void)arg;
	reload_rejected(error);
	control_failed(m, error);
}

void
plan_begin(struct master *m, const struct plan *plan)
{
	AUDIT(config_reload_start, .actor = plan->actor);
	if (plan->seconds != 0)
		trial_ask(m, plan->seconds, plan->login, plan->actor);
	reload_begin(m, on_failed, NULL);
}

static void
on_time(void *arg)
{
	struct master *m = arg;
	uint64_t now = (uint64_t)time(NULL), wait = BUSY_AGAIN_MS;
	struct plan plan = m->plan;

	if (plan.at <= now && !reload_is_busy(m)) {
		m->plan.at = 0;
		plan_begin(m, &plan);
		return;
	}
	if (plan.at > now)
		wait = (plan.at - now) * 1000;
	loop_timer_start(m->loop, &m->plan_timer,
	    wait > LOOK_MS ? LOOK_MS : wait, on_time, m);
}

void
plan_watch(struct master *m)
{
	if (m->plan.at != 0)
		loop_timer_start(m->loop, &m->plan_timer, 0, on_time, m);
	else
		loop_timer_stop(&m->plan_timer);
}

void
plan_save(const struct master *m, struct buf *b)
{
	buf_u64(b, m->plan.at);
	buf_u32(b, m->plan.seconds);
	buf_text(b, m->plan.login);
	buf_text(b, m->plan.actor);
}

void
plan_load(struct master *m, struct rd *r)
{
	m->plan.at = rd_u64(r);
	m->plan.seconds = rd_u32(r);
	rd_text(r, m->plan.login, sizeof(m->plan.login));
	rd_text(r, m->plan.actor, sizeof(m->plan.actor));
	/* The keeper of a stopped server's sessions loads nothing. */
	if (m->options.linger)
		m->plan.at = 0;
	plan_watch(m);
}
