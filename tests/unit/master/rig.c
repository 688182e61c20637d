/*
 * See rig.h.
 */
#include "tests/unit/master/rig.h"

#include "config/load.h"
#include "daemon/master/control.h"
#include "daemon/master/trial.h"
#include "lib/mem.h"

#include <sys/socket.h>

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct master_rig rig;

/* Stands in for the function of master.c. */
void
master_end(struct master *m, int status)
{
	m->exit_status = status;
}

void
control_sweep(struct master *m)
{
	(void)m;
}

void
trial_saw_login(
    struct master *m, const struct connection *c, const struct slot *slot)
{
	(void)m;
	(void)c;
	(void)slot;
}

int
keeper_listen(const char *path)
{
	(void)path;
	return -1;
}

void
master_generation_ready(struct generation *g)
{
	g->master->current = g;
}

void
master_generation_failed(struct generation *g, const char *why)
{
	ck_abort_msg("generation %u: %s", g->number, why);
}

static int
attach(struct child *c, enum wall_path out, enum wall_path in)
{
	int fds[2];

	ck_assert_int_eq(wall_pair(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	wall_init(&c->wall, fds[0], out, in);
	c->ready = true;
	c->pid = 1;
	return fds[1];
}

void
rig_start(void)
{
	struct workers *w = mem_zalloc(sizeof(*w));

	memset(&rig, 0, sizeof(rig));
	rig.m.loop = loop_new();
	rig.m.penalties = penalties_new();
	rig.g = generation_alloc(&rig.m);
	rig.g->config = config_defaults();
	rig.g->moduli = mem_strdup("");
	offers_settle(rig.g);
	ck_assert_int_eq(slots_create(&rig.g->slots, &rig.g->slots_fd), 0);
	rig.g->ready = true;
	rig.m.generations = rig.g;
	w->child.role = ROLE_WORKERS;
	w->child.generation = rig.g;
	w->child.pidfd = -1;
	rig.g->workers = w;
	rig.keyholder = attach(
	    &rig.g->keyholder, PATH_MASTER_KEYHOLDER, PATH_KEYHOLDER_MASTER);
	rig.monitors = attach(
	    &rig.g->monitors, PATH_MASTER_MONITORS, PATH_MONITORS_MASTER);
	rig.workers =
	    attach(&w->child, PATH_MASTER_WORKERS, PATH_WORKERS_MASTER);
}

void
rig_stop(void)
{
	while (rig.m.connections != NULL)
		connection_forget(&rig.m, rig.m.connections);
	sweep_turn(&rig.m);
	close(rig.keyholder);
	close(rig.monitors);
	close(rig.workers);
	if (rig.g != NULL)
		generation_free(rig.g);
	(void)penalties_clear(rig.m.penalties, NULL);
	free(rig.m.penalties);
	loop_free(rig.m.loop);
}

struct connection *
rig_connection(const char *source, uint64_t ms)
{
	struct connection *c = connection_new(&rig.m, rig.g);

	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(net_parse(source, &c->source), 0);
	c->accepted_at -= ms;
	c->client = open("/dev/null", O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(c->client, 0);
	return c;
}
