/*
 * The ticketholder of a generation: started behind the keyholder, before the
 * monitors, who reach it through a door.  The generation keeps the door, so a
 * new ticketholder takes the place of one that has died, or whose keytab has
 * changed, without any monitor's doing.
 */
#include "daemon/master/master.h"

#include "config/kerberos.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/tickets.h"
#include "privsep/wall_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* New ones are started at most this often (ms). */
#define AGAIN_MS 1000
/* And so long after one that could not read its keytab, when none serves. */
#define RETRY_MS 10000

bool
tickets_wanted(const struct generation *g)
{
	return config_uses_kerberos(g->config);
}

/* A retired generation's clients may still be logging in. */
static bool
is_over(const struct generation *g)
{
	return g->failed || (g->retired && g->connections == 0);
}

/* The one that serves, or is to serve. */
static struct tickets *
newest(const struct generation *g)
{
	struct tickets *t = g->tickets;

	while (t != NULL && (t->retired || t->child.pid == 0))
		t = t->next;
	return t;
}

static int
start(struct generation *g)
{
	struct tickets *t = mem_zalloc(sizeof(*t));

	t->child.role = ROLE_TICKETHOLDER;
	t->child.pidfd = t->child.wall.fd = -1;
	t->next = g->tickets;
	g->tickets = t;
	g->tickets_at = loop_now(g->master->loop);
	if (child_spawn(
		g, &t->child, PATH_MASTER_TICKETS, PATH_TICKETS_MASTER) != 0) {
		t->retired = true;
		return E_SYSTEM;
	}
	return WALL_SEND(&t->child.wall, tickets_begin,
	    .keytab = g->config->kerberos.keytab,
	    .strict = g->config->kerberos.strict_acceptor);
}

void
tickets_start(struct generation *g)
{
	int door[2];

	g->tickets_binary = open(TICKETHOLDER_PROGRAM, O_PATH | O_CLOEXEC);
	if (g->tickets_binary < 0) {
		generation_failed(g,
		    "module gssapi: " TICKETHOLDER_PROGRAM
		    " is missing (package sallyport-gssapi)");
		return;
	}
	if (wall_pair(door) == 0) {
		g->door = door[0];
		g->door_monitors = door[1];
	}
	if (g->door < 0 || start(g) != 0)
		generation_failed(g, "the ticketholder could not be started");
}

static void
start_again(void *arg)
{
	struct generation *g = arg;

	if (is_over(g) || start(g) == 0)
		return;
	log_error("a ticketholder could not be started");
	loop_timer_start(
	    g->master->loop, &g->tickets_again, RETRY_MS, start_again, g);
}

/* At once, then at most once in AGAIN_MS. */
static void
replace(struct generation *g, const char *why)
{
	uint64_t now = loop_now(g->master->loop);
	uint64_t due = g->tickets_at + AGAIN_MS;

	if (is_over(g) || loop_timer_running(&g->tickets_again))
		return;
	AUDIT(template_replaced, .component = "ticketholder", .reason = why);
	loop_timer_start(g->master->loop, &g->tickets_again,
	    now < due ? due - now : 0, start_again, g);
}

/* The door is its own: the others end with the contexts they have. */
int
on_tickets_ready(struct child *c, struct wall_message *m)
{
	struct tickets *t = (struct tickets *)(void *)c;
	struct generation *g = c->generation;

	c->ready = true;
	log_verbose("ticketholder: %u keys of %s", m->tickets_ready.keys,
	    g->config->kerberos.keytab);
	for (struct tickets *old = g->tickets; old != NULL; old = old->next) {
		if (old == t || old->retired)
			continue;
		old->retired = true;
		if (old->child.wall.fd >= 0)
			(void)WALL_SEND(&old->child.wall, tickets_retire);
	}
	if (g->door_monitors < 0)
		return 0;
	/* A process with this end keeps the ticketholder alive. */
	generation_go_on(g);
	close(g->door_monitors);
	g->door_monitors = -1;
	return 0;
}

/* While the old one serves, the next change of the keytab is waited for. */
int
on_tickets_failed(struct child *c, struct wall_message *m)
{
	struct tickets *t = (struct tickets *)(void *)c;
	struct generation *g = c->generation;
	char why[WALL_TEXT_MAX + 64];

	snprintf(
	    why, sizeof(why), "kerberos.keytab: %s", m->tickets_failed.text);
	t->retired = true; /* its end is no news */
	if (!g->ready)
		generation_failed(g, why);
	else
		log_error("%s", why);
	if (g->ready && !is_over(g) && newest(g) == NULL)
		loop_timer_start(g->master->loop, &g->tickets_again, RETRY_MS,
		    start_again, g);
	return 0;
}

int
on_tickets_stale(struct child *c, struct wall_message *m)
{
	const struct tickets *t = (struct tickets *)(void *)c;

	(void)m;
	if (!t->retired)
		replace(c->generation, "the keytab has changed");
	return 0;
}

int
on_tickets_log(struct child *c, struct wall_message *m)
{
	const struct msg_tickets_log *l = &m->tickets_log;

	(void)c;
	log_relay(l->level, "ticketholder", l->line, strlen(l->line));
	return 0;
}

void
tickets_lost(struct child *c, const char *why)
{
	struct generation *g = c->generation;
	struct tickets *t = (struct tickets *)(void *)c;

	if (t->retired)
		return;
	t->retired = true;
	if (!g->ready) {
		generation_failed(g, why);
		return;
	}
	log_warn("%s", why);
	/* One that could not read a new keytab leaves the old one serving. */
	if (newest(g) == NULL)
		replace(g, "lost");
}

bool
tickets_sweep(struct generation *g)
{
	bool over = g->retired && g->connections == 0, left = false;

	for (struct tickets **at = &g->tickets; *at != NULL;) {
		struct tickets *t = *at;

		if (over && t->child.wall.fd >= 0) {
			loop_fd_remove(&t->child.on_wall);
			wall_free(&t->child.wall);
		}
		if (t->child.pid == 0 && (t->retired || over)) {
			*at = t->next;
			child_free(&t->child);
			free(t);
			continue;
		}
		left = true;
		at = &t->next;
	}
	return left;
}

static void
close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
tickets_free(struct generation *g)
{
	loop_timer_stop(&g->tickets_again);
	while (g->tickets != NULL) {
		struct tickets *t = g->tickets;

		g->tickets = t->next;
		child_free(&t->child);
		free(t);
	}
	close_if_open(&g->tickets_binary);
	close_if_open(&g->door);
	close_if_open(&g->door_monitors);
}
