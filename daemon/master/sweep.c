/*
 * Generations, worker templates, connections and control clients are freed
 * here alone, at the end of a turn of the loop.  Their owners mark them in
 * callbacks, which may therefore go on with an object that has just ended.
 */
#include "daemon/master/control.h"

#include <stdlib.h>

/* Closing its wall tells a child to go when its last connection has gone. */
static void
hang_up(struct child *c)
{
	if (c->wall.fd < 0)
		return;
	if (c->role == ROLE_MONITORS)
		(void)WALL_SEND(&c->wall, leave);
	/* A program that a module has left may hold a monitor's socket. */
	if (c->role == ROLE_KEYHOLDER)
		(void)WALL_SEND(&c->wall, retire);
	loop_fd_remove(&c->on_wall);
	wall_free(&c->wall);
}

/* Worker templates without work to come and without workers.  Whoever is in
 * the lobby of a generation that goes is still to be served by it. */
static bool
sweep_workers(struct generation *g)
{
	struct workers **at = &g->workers;
	bool left = false;

	while (*at != NULL) {
		struct workers *w = *at;
		bool goes = w->retired || (g->retired && g->in_lobby == 0);
		bool done = goes && w->serving == 0;

		if (done)
			hang_up(&w->child);
		if (done && w->child.pid == 0) {
			*at = w->next;
			free(w);
			continue;
		}
		left = true;
		at = &w->next;
	}
	return left;
}

static void
sweep_generation(struct generation *g)
{
	bool left = sweep_workers(g);
	bool tickets = tickets_sweep(g), helpers = helpers_sweep(g);

	if (!g->retired || g->connections != 0)
		return;
	hang_up(&g->monitors);
	hang_up(&g->keyholder);
	if (!left && !tickets && !helpers && g->monitors.pid == 0 &&
	    g->keyholder.pid == 0)
		generation_free(g);
}

static void
sweep_connections(struct master *m)
{
	struct connection *c;

	while ((c = m->gone) != NULL) {
		m->gone = c->next_gone;
		free(c);
	}
}

void
sweep_turn(void *arg)
{
	struct master *m = arg;
	struct generation *g, *next;

	sweep_connections(m);
	for (g = m->generations; g != NULL; g = next) {
		next = g->next;
		sweep_generation(g);
	}
	control_sweep(m);
}
