/*
 * Time: keepalives, idle and unused connections, channels without traffic,
 * and the report for `sallyportctl sessions`.  One timer, which runs only
 * while something of this is due.
 */
#include "daemon/worker/channel/channel.h"

#include "config/policy/channel.h"
#include "lib/err.h"
#include "lib/log.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define REPORT_PERIOD  10000 /* ms, while something changed */
#define PROBE_PERIOD   1000 /* ms between measures of the round trip */
#define ANNOUNCE_AFTER 1000 /* ms, for clients that open nothing */

uint32_t
channels_timeout(const struct channels *t, const char *name)
{
	uint32_t least = channel_timeouts_least(t->timeouts, name);

	return least == CONFIG_NONE ? 0 : least;
}

static void
sooner(uint64_t *due, uint64_t when)
{
	if (when < *due)
		*due = when;
}

static uint64_t
ms(uint32_t seconds)
{
	return (uint64_t)seconds * 1000;
}

static uint64_t
heard_at(const struct channels *t, uint64_t now)
{
	return now - transport_silence(t->w);
}

/* The peer's last sign of life, or our last attempt to get one. */
static uint64_t
keepalive_due(const struct channels *t, uint64_t now)
{
	uint64_t heard = heard_at(t, now);

	return (heard > t->keepalive_at ? heard : t->keepalive_at) +
	    ms(t->keepalive_interval);
}

/* How long before an end after seconds of silence the user is told of it. */
static uint64_t
warning(const struct channels *t, uint32_t seconds)
{
	uint64_t half = ms(seconds) / 2;

	return ms(t->warn_before) < half ? ms(t->warn_before) : half;
}

static bool
may_warn(const struct channels *t, const struct channel *c)
{
	return t->warn_before != 0 && c->pty && c->timeout != 0 &&
	    !c->close_sent && c->warned_at != c->used_at;
}

static uint64_t
channels_due(const struct channels *t)
{
	uint64_t due = UINT64_MAX;

	for (uint32_t i = 0; i < t->n_slots; i++) {
		const struct channel *c = t->slots[i];

		if (c != NULL && c->timeout != 0 && !c->close_sent)
			sooner(&due,
			    c->used_at + ms(c->timeout) -
				(may_warn(t, c) ? warning(t, c->timeout) : 0));
	}
	return due;
}

static uint64_t
next_due(const struct channels *t, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	if (!t->announced && t->hostkeys_len != 0)
		sooner(&due, now + ANNOUNCE_AFTER);
	if (t->keepalive_interval != 0)
		sooner(&due, keepalive_due(t, now));
	if (t->idle_timeout != 0)
		sooner(&due,
		    t->activity_at + ms(t->idle_timeout) -
			(t->warned_at == t->activity_at ?
				0 :
				warning(t, t->idle_timeout)));
	if (t->unused_timeout != 0 && t->count == 0)
		sooner(&due, t->empty_at + ms(t->unused_timeout));
	if (t->global_timeout != 0 && t->count != 0)
		sooner(&due, t->activity_at + ms(t->global_timeout));
	if (t->unreported)
		sooner(&due, t->reported_at + REPORT_PERIOD);
	return due;
}

static void
start_tick(struct channels *t, uint64_t now, uint64_t due)
{
	if (due == UINT64_MAX)
		return;
	loop_timer_start(
	    t->w->loop, &t->tick, due > now ? due - now : 1, channels_tick, t);
}

/* New deadlines only ever come sooner here; the tick itself looks at all. */
void
channels_schedule(struct channels *t)
{
	uint64_t now = loop_now(t->w->loop), due = next_due(t, now);

	if (t->timeouts[0] != '\0')
		sooner(&due, channels_due(t));
	if (!loop_timer_running(&t->tick) || due < t->tick.when)
		start_tick(t, now, due);
}

static void
send_keepalive(struct channels *t)
{
	struct buf *b = packet_start(t->w, SSH_MSG_GLOBAL_REQUEST);

	buf_text(b, "keepalive@openssh.com");
	buf_bool(b, true);
	packet_send(t->w);
	t->replies_due++;
}

uint64_t
channels_rtt(struct channels *t)
{
	uint64_t now = loop_clock(), rtt = transport_rtt(t->w) / 1000 + 1;

	if (t->probe_left == 0 && now >= t->probe_at + PROBE_PERIOD) {
		send_keepalive(t);
		t->probe_left = t->replies_due;
		t->probe_at = now;
	}
	return rtt > t->probe_rtt ? rtt : t->probe_rtt;
}

static bool
keep_alive(struct channels *t, uint64_t now)
{
	if (t->keepalive_interval == 0)
		return true;
	/* Asked after a whole interval of silence: what was heard since then
	 * is an answer, however long ago that was. */
	if (heard_at(t, now) >= t->keepalive_at)
		t->keepalives = 0;
	if (now < keepalive_due(t, now))
		return true;
	if (t->keepalive_count != 0 && t->keepalives >= t->keepalive_count) {
		worker_disconnect(t->w, BYE_SILENT,
		    SSH_DISCONNECT_CONNECTION_LOST,
		    "no answer to %u keepalives", t->keepalives);
		return false;
	}
	t->keepalives++;
	t->keepalive_at = now;
	send_keepalive(t);
	return true;
}

/* Any packet is a sign of life; these two are a measure besides. */
int
request_success(struct worker *w, struct rd *r)
{
	struct channels *t = w->channels;
	size_t len;

	(void)rd_rest(r, &len);
	if (t == NULL || t->replies_due == 0)
		return 0;
	t->replies_due--;
	if (t->probe_left != 0 && --t->probe_left == 0)
		t->probe_rtt = loop_clock() - t->probe_at + 1;
	return 0;
}

int
request_failure(struct worker *w, struct rd *r)
{
	return request_success(w, r);
}

/* The time that is left, and why; once until there is activity again. */
static void
warn_idle(struct channels *t, uint64_t now)
{
	uint64_t end = t->activity_at + ms(t->idle_timeout);
	char text[128];

	if (t->idle_timeout == 0 || t->warn_before == 0 ||
	    t->warned_at == t->activity_at ||
	    now + warning(t, t->idle_timeout) < end)
		return;
	t->warned_at = t->activity_at;
	snprintf(text, sizeof(text),
	    "\r\nThis session ends in %u seconds: it is idle.\r\n",
	    (unsigned)((end - now + 999) / 1000));
	channels_say(t, text);
}

static void
warn_silent(struct channels *t, struct channel *c, uint64_t now)
{
	uint64_t end = c->used_at + ms(c->timeout);
	char text[128];

	if (!may_warn(t, c) || now + warning(t, c->timeout) < end)
		return;
	c->warned_at = c->used_at;
	snprintf(text, sizeof(text),
	    "\r\nThis channel closes in %u seconds: it is silent.\r\n",
	    (unsigned)((end - now + 999) / 1000));
	channel_remark(c, text);
}

static bool
connection_timed_out(struct channels *t, uint64_t now)
{
	if (t->idle_timeout != 0 &&
	    now >= t->activity_at + ms(t->idle_timeout)) {
		worker_disconnect(t->w, BYE_IDLE, SSH_DISCONNECT_BY_APPLICATION,
		    "idle for %u seconds", t->idle_timeout);
		return true;
	}
	if (t->unused_timeout != 0 && t->count == 0 &&
	    now >= t->empty_at + ms(t->unused_timeout)) {
		worker_disconnect(t->w, BYE_UNUSED,
		    SSH_DISCONNECT_BY_APPLICATION, "unused for %u seconds",
		    t->unused_timeout);
		return true;
	}
	return false;
}

static void
time_out(struct channel *c, uint32_t seconds)
{
	char text[64];

	log_info("channel %u (%s): no traffic for %u seconds", c->id,
	    c->timeout_name, seconds);
	snprintf(
	    text, sizeof(text), "closed: no traffic for %u seconds", seconds);
	if (c->kind == KIND_SESSION)
		channel_say_line(c, text);
	c->timed_out = seconds;
	channel_force_close(c);
}

static void
channel_timeouts(struct channels *t, uint64_t now)
{
	bool all = t->global_timeout != 0 &&
	    now >= t->activity_at + ms(t->global_timeout);

	for (uint32_t i = 0; i < t->n_slots; i++) {
		struct channel *c = t->slots[i];

		if (c == NULL || c->close_sent || c->state != CHANNEL_OPEN)
			continue;
		if (all ||
		    (c->timeout != 0 && now >= c->used_at + ms(c->timeout)))
			time_out(c, all ? t->global_timeout : c->timeout);
		else
			warn_silent(t, c, now);
	}
	if (all)
		t->activity_at = now;
}

static void
report(struct channels *t, uint64_t now)
{
	uint64_t in, out;

	if (!t->unreported || now < t->reported_at + REPORT_PERIOD)
		return;
	transport_totals(t->w, &in, &out);
	TELL(t->w, report, .channels = t->count, .bytes_in = in,
	    .bytes_out = out, .idle = (uint32_t)((now - t->activity_at) / 1000),
	    .rekeys = transport_rekeys(t->w));
	t->unreported = false;
	t->reported_at = now;
}

void
channels_tick(void *arg)
{
	struct channels *t = arg;
	uint64_t now = loop_now(t->w->loop), due;

	if (t->w->phase == PHASE_CLOSING)
		return;
	channels_announce(t);
	if (connection_timed_out(t, now) || !keep_alive(t, now))
		return;
	warn_idle(t, now);
	channel_timeouts(t, now);
	report(t, now);
	due = next_due(t, now);
	sooner(&due, channels_due(t));
	start_tick(t, now, due);
}
