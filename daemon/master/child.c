/*
 * A process of a generation: started, and what is left of it put away.
 */
#include "daemon/master/master.h"

#include "lib/err.h"
#include "lib/log.h"
#include "privsep/drop.h"
#include "privsep/tickets.h"

#include <sys/syscall.h>

#include <unistd.h>

static const char *
account_of(const struct config *config, const struct child *c)
{
	switch (role_row(c->role)->user) {
	case AS_HELPER:
		return helpers_account(c);
	case AS_KEYHOLDER:
		return config->privsep.keyholder_user;
	case AS_TICKETHOLDER:
		return config->privsep.ticketholder_user;
	default:
		return config->privsep.worker_user;
	}
}

int
child_spawn(struct generation *g, struct child *c, enum wall_path out,
    enum wall_path in)
{
	struct master *m = g->master;
	int level = m->options.log_level;
	bool tickets = c->role == ROLE_TICKETHOLDER;
	bool helper = c->role == ROLE_HELPER; /* gets its walls alone */
	struct spawn_options o = {
	    .binary = tickets ? g->tickets_binary : g->binary,
	    .bundle =
		c->role == ROLE_WORKERS || tickets || helper ? -1 : g->bundle,
	    .slots = c->role == ROLE_MONITORS ? g->slots_fd : -1,
	    .log = tickets || helper ? -1 : m->log_fd,
	    .session = c->role == ROLE_MONITORS ? m->session_program : -1,
	    .recorder = c->role == ROLE_MONITORS ? m->recorder_program : -1,
	    .door = tickets		 ? g->door :
		helper			 ? helpers_door(c) :
		c->role == ROLE_MONITORS ? g->door_monitors :
					   -1,
	    .version = tickets ? tickets_version() : NULL,
	    /* A test is for who reads it: the templates' warnings, too. */
	    .log_stderr = (m->options.log_stderr || m->options.test) && !helper,
	    .log_level = level != -2 ? level : (int)g->config->log.level,
	    .fips = g->config->crypto.profile == CRYPTO_FIPS,
	    .empty = g->config->privsep.empty_directory};
	const char *account = account_of(g->config, c);
	struct spawned child;
	int fds[2];

	c->generation = g;
	if (role_row(c->role)->user != AS_ROOT &&
	    drop_account(account, &o.uid, &o.gid) != 0) {
		log_error(
		    "%s: no such system account (other than root)", account);
		return E_NOT_FOUND;
	}
	if (wall_pair(fds) != 0)
		return E_SYSTEM;
	o.wall = fds[1];
	if (spawn_role(c->role, &o, &child) != 0) {
		close(fds[0]);
		close(fds[1]);
		return E_SYSTEM;
	}
	close(fds[1]);
	c->pid = child.pid;
	c->pidfd = child.pidfd;
	wall_init(&c->wall, fds[0], out, in);
	generation_watch(g, c);
	return 0;
}

void
child_signal(int pidfd, int number)
{
	spawn_signal(pidfd, number);
}

void
child_free(struct child *c)
{
	loop_fd_remove(&c->on_wall);
	loop_fd_remove(&c->on_exit);
	wall_free(&c->wall);
	if (c->pidfd >= 0)
		close(c->pidfd);
}
