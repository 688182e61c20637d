/*
 * The next image of the master: in this process after a reload, in a child
 * that keeps the sessions after SIGTERM.
 */
#include "daemon/master/admit.h"
#include "daemon/master/ledger.h"
#include "daemon/master/lobby.h"

#include "lib/fd.h"
#include "lib/mem.h"
#include "privsep/die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* exec failed: what was to survive must again be closed by the next one. */
static void
close_on_exec_again(void)
{
	for (int fd = SPAWN_WALL; fd < 65536; fd++)
		if (fd_set_cloexec(fd) != 0 && errno == EBADF && fd > 8192)
			break;
}

/* The arguments of this start, without those of an earlier carry. */
static char **
arguments(char **old, const char *const *more)
{
	size_t n = 0, kept = 0;
	char **list;

	while (old[n] != NULL)
		n++;
	list = mem_array(n + 8, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		if (strncmp(old[i], "--carry=", 8) != 0 &&
		    strncmp(old[i], "--bundle=", 9) != 0 &&
		    strncmp(old[i], "--linger", 8) != 0)
			list[kept++] = old[i];
	for (size_t i = 0; more[i] != NULL; i++)
		list[kept++] = mem_strdup(more[i]);
	return list;
}

static void
next_image(
    struct master *m, const char *program, int bundle, const char *lingering)
{
	char carry[48], files[48];
	const char *more[] = {carry, files, lingering, NULL};
	char **argv;
	int fd = carry_write(m, NULL);

	if (fd < 0 || fcntl(fd, F_SETFD, 0) != 0 ||
	    fcntl(bundle, F_SETFD, 0) != 0) {
		close_on_exec_again();
		return;
	}
	snprintf(carry, sizeof(carry), "--carry=%d", fd);
	snprintf(files, sizeof(files), "--bundle=%d", bundle);
	argv = arguments(m->options.argv, more);
	/* Signals stay blocked: one that has come already, or comes before
	 * the next image has its signalfd, waits for that and ends nothing. */
	spawn_restore_limits();
	execv(program, argv);
	(void)spawn_raise_limits();
	close_on_exec_again();
	close(fd);
	free(argv);
}

void
carry_exec(struct master *m, int bundle)
{
	control_flush(m);
	lobby_close(m);
	ledger_flush();
	next_image(m, m->options.program, bundle, NULL);
}

/* The service is down for its manager; a child keeps the sessions.  Its
 * socket is there before the parent ends, so that whoever starts then finds
 * it. */
static void
leave_keeper(struct master *m, const struct generation *g)
{
	char held[64], option[48];
	int fd = keeper_listen(g->config->control_socket);

	switch (fork()) {
	case -1:
		die_errno("fork");
	case 0:
		if (setsid() < 0)
			die_errno("setsid");
		snprintf(held, sizeof(held), "/proc/self/fd/%d", g->binary);
		snprintf(option, sizeof(option), "--linger=%d", fd);
		if (fcntl(g->binary, F_SETFD, 0) == 0 &&
		    (fd < 0 || fcntl(fd, F_SETFD, 0) == 0))
			/* The generation's own goes with the state. */
			next_image(m, held,
			    fcntl(g->bundle, F_DUPFD, SPAWN_FDS), option);
		die_errno("the sessions' keeper could not be started");
	default:
		master_end(m, 0);
	}
}

void
linger(struct master *m)
{
	struct connection *c, *next;

	for (c = m->connections; c != NULL; c = next) {
		next = c->next;
		if (c->client >= 0)
			lobby_end(c, "killed", "server stops");
	}
	admit_count(m);
	for (c = m->connections; c != NULL; c = c->next)
		if (!c->authenticated) {
			connection_kill(c, "server stops");
			c->ended_by_us = true;
		}
	if (m->n_connections == m->n_unauthenticated || m->options.linger) {
		for (struct generation *g = m->generations;
		     g != NULL && !m->options.linger; g = g->next)
			generation_farewell(g);
		keeper_close(m);
		master_end(m, 0);
		return;
	}
	leave_keeper(m, m->current != NULL ? m->current : m->generations);
}
