/*
 * Open connections are judged anew: the monitor template of the generation
 * that serves is told to start a judge for each generation that has some, and
 * their monitors are told, at a pace that leaves logins their share.  The
 * master judges nothing, and looks at no file: what may have changed is looked
 * at by a child of the template, too.
 */
#include "daemon/master/lobby.h"
#include "daemon/master/judging.h"

#include "lib/fd.h"
#include "lib/log.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PACE_MS	     50
#define PACE_MOST    32 /* connections in that time */
#define LOOK_MS	     5000 /* between two looks at files */
#define LOOK_LATE_MS 20000 /* it is stuck in the kernel, where no alarm is */
#define SHARE_MS     500 /* whose grants end in that time share their judges */
#define JUDGES_MS    2000 /* in a long round: they leave when nobody waits */

/* Has it logged in, and is it there to be told? */
static bool
is_open(const struct connection *c)
{
	const struct slot *s = &c->generation->slots[c->slot];

	return c->monitor_pidfd >= 0 && !c->monitor_dead && !c->silent &&
	    c->client < 0 && s->since != 0 && s->ended == 0;
}

static void
tell(const struct master *m, struct connection *c, enum slot_recheck cause)
{
	struct slot *s = &c->generation->slots[c->slot];

	s->recheck_generation = m->current->number;
	s->recheck_cause = cause;
	__atomic_store_n(
	    &s->recheck_number, m->recheck.round, __ATOMIC_RELEASE);
	spawn_signal(c->monitor_pidfd, SIGUSR1);
}

static void start_judges(struct master *m);

/* One that was accepted since is judged at its login by what the round asks;
 * without this no round would end while logins go on. */
static bool
is_of_round(const struct master *m, const struct connection *c)
{
	return c->accepted_at <= m->recheck.began;
}

/*
 * Goes on from where the last call stopped.  A login of before may end behind
 * that place, so all is walked again until nobody was told.  False: the round
 * is over.
 */
static bool
walk(struct master *m)
{
	struct judging_round *r = &m->recheck;
	struct connection *c = r->next;
	unsigned told = 0;

	if (c == NULL) {
		c = m->connections;
		r->told = false;
	}
	for (; c != NULL && told < PACE_MOST; c = c->next) {
		if (c->recheck != 0 || !is_open(c) || !is_of_round(m, c))
			continue;
		c->recheck = r->round;
		tell(m, c, r->cause);
		told++;
	}
	r->told = r->told || told > 0;
	r->next = c;
	return c != NULL || r->told;
}

void
judging_forget(struct master *m, const struct connection *c)
{
	if (m->recheck.next == c)
		m->recheck.next = c->next;
}

static void
go_on(void *arg)
{
	struct master *m = arg;

	if (m->current == NULL)
		return;
	if (loop_clock() - m->recheck.judges_at >= JUDGES_MS)
		start_judges(m);
	if (walk(m))
		loop_timer_start(m->loop, &m->recheck.pace, PACE_MS, go_on, m);
}

/* One for each door, of generations that have connections. */
static void
start_judges(struct master *m)
{
	m->recheck.judges_at = loop_clock();
	for (const struct generation *g = m->generations; g != NULL;
	     g = g->next)
		if (g->judges >= 0 && g->connections > g->in_lobby &&
		    WALL_SEND_FD(
			&m->current->monitors.wall, g->judges, judge) != 0)
			log_error("no judge for open connections");
}

/* Why none can be judged now, or NULL. */
static const char *
obstacle(const struct master *m)
{
	if (m->current == NULL || !m->current->ready || m->current->failed ||
	    m->current->monitors.wall.fd < 0)
		return "no generation serves";
	if (m->options.inetd || m->options.linger || m->terminating)
		return "this server keeps sessions of one that has ended";
	/* Nobody is to be locked out by a policy that may be taken back. */
	if (m->trial.state == TRIAL_ON)
		return "the policy is on trial: open connections are judged "
		       "when it is confirmed";
	return NULL;
}

/* Never one that a slot has had, of this image or of another. */
static void
next_round(struct master *m)
{
	uint32_t now = (uint32_t)loop_clock(), last = m->recheck.round;

	m->recheck.round = last != 0 && now - last > UINT32_MAX / 2 ? last + 1 :
	    now == last						    ? last + 1 :
								      now;
	if (m->recheck.round == 0)
		m->recheck.round = 1;
}

uint32_t
judging_begin(struct master *m, enum slot_recheck cause, const char **why)
{
	const char *fault = obstacle(m);
	uint32_t seconds;

	if (why != NULL)
		*why = fault;
	if (fault != NULL)
		return 0;
	seconds = m->current->config->recheck_interval;
	m->recheck.due_at = seconds == CONFIG_NONE ?
	    UINT64_MAX :
	    loop_clock() + seconds * 1000ULL;
	m->recheck.cause = cause;
	m->recheck.began = loop_clock();
	for (struct connection *c = m->connections; c != NULL; c = c->next)
		c->recheck = 0;
	m->recheck.next = NULL;
	next_round(m);
	start_judges(m);
	go_on(m);
	return m->recheck.round;
}

void
judging_count(const struct master *m, struct judging_count *count)
{
	memset(count, 0, sizeof(*count));
	for (const struct connection *c = m->connections; c != NULL;
	     c = c->next) {
		const struct slot *s = &c->generation->slots[c->slot];

		/* One that came later is not of this round. */
		if (!is_open(c) ||
		    (c->recheck == 0 &&
			(!loop_timer_running(&m->recheck.pace) ||
			    !is_of_round(m, c))))
			continue;
		count->asked++;
		if (c->recheck == 0 || s->recheck_done != c->recheck)
			count->waiting++;
		else if (s->recheck_verdict == JUDGED_ALLOWED)
			count->allowed++;
		else if (s->recheck_verdict == JUDGED_REFUSED)
			count->refused++;
		else
			count->unknown++;
	}
}

/*
 * Its grant has ended, and it wants to know whether another lets it stay; or
 * it was at its login when a round began, by what held before that.  While a
 * round goes on it waits for its turn.
 */
void
judging_one(struct master *m, struct connection *c, const struct slot *slot)
{
	struct slot *s = &c->generation->slots[c->slot];
	bool ended =
	    slot->recheck_at != 0 && slot->recheck_at <= (uint64_t)time(NULL);
	bool late = c->recheck == 0 && is_of_round(m, c);

	if ((!ended && !late) || !is_open(c) ||
	    loop_timer_running(&m->recheck.pace) || obstacle(m) != NULL)
		return;
	if (ended)
		s->recheck_at = 0;
	if (c->recheck == m->recheck.round ||
	    loop_clock() - m->recheck.judges_at >= SHARE_MS) {
		next_round(m);
		start_judges(m);
	}
	c->recheck = m->recheck.round;
	tell(m, c, ended ? RECHECK_END : m->recheck.cause);
}

/* ---- what nobody tells of ---- */

static void
end_look(struct master *m)
{
	loop_fd_remove(&m->recheck.on_look);
	if (m->recheck.look >= 0)
		close(m->recheck.look);
	m->recheck.look = -1;
}

/* Once, until one succeeds. */
static void
tell_failed_look(struct master *m)
{
	if (!m->recheck.look_failed)
		log_error("revocation lists and grants could not be looked "
			  "at: a change of them is not seen until a look "
			  "succeeds");
	m->recheck.look_failed = true;
}

static void
on_look(int fd, unsigned events, void *arg)
{
	struct master *m = arg;
	uint64_t look[2], since = (uint64_t)time(NULL) - 2 * LOOK_MS / 1000;
	bool told, changed;

	(void)events;
	told = read(fd, look, sizeof(look)) == (ssize_t)sizeof(look);
	end_look(m);
	if (!told) {
		tell_failed_look(m);
		return;
	}
	m->recheck.look_failed = false;
	if (look[0] == m->recheck.seen)
		return;
	/* The first look: something may have changed since the login. */
	changed = m->recheck.seen != 0 || look[1] >= since;
	m->recheck.seen = look[0];
	if (changed)
		(void)judging_begin(m, RECHECK_FILES, NULL);
}

/* One at a time: where a file system does not answer, none follows. */
static void
look(struct master *m)
{
	int ends[2];

	if (m->recheck.look >= 0) {
		if (loop_clock() - m->recheck.look_began >= LOOK_LATE_MS)
			tell_failed_look(m);
		return;
	}
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	m->recheck.look_began = loop_clock();
	if (fd_set_nonblocking(ends[0]) != 0 ||
	    WALL_SEND_FD(&m->current->monitors.wall, ends[1], look) != 0 ||
	    loop_fd_add(m->loop, &m->recheck.on_look, ends[0], LOOP_READ,
		on_look, m) != 0)
		close(ends[0]);
	else
		m->recheck.look = ends[0];
	close(ends[1]);
}

void
judging_tick(struct master *m)
{
	uint64_t now = loop_clock();

	if (m->n_connections == 0) {
		m->recheck.seen = m->recheck.look_at = 0;
		return;
	}
	if (obstacle(m) != NULL)
		return;
	if (now >= m->recheck.look_at) {
		m->recheck.look_at = now + LOOK_MS;
		look(m);
	}
	if (m->recheck.due_at == 0) /* none has been judged yet */
		m->recheck.due_at =
		    m->current->config->recheck_interval == CONFIG_NONE ?
		    UINT64_MAX :
		    now + m->current->config->recheck_interval * 1000ULL;
	if (now >= m->recheck.due_at)
		(void)judging_begin(m, RECHECK_INTERVAL, NULL);
}
