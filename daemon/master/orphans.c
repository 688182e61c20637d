/*
 * A master that is killed leaves sessions and nobody to watch them.  Each of
 * its monitor templates then starts this program as their keeper, and tells
 * it of its connections; from here on it is as after SIGTERM (image.c,
 * keeper.c): deadlines and records are kept, and the next server takes over.
 */
#include "daemon/master/master.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/drop.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The generation that it was: without keys, and without worker template. */
static struct generation *
make_generation(struct master *m, struct config *config, int bundle)
{
	struct generation *g = generation_alloc(m);

	g->config = config;
	g->bundle = bundle;
	g->binary = fcntl(m->binary, F_DUPFD_CLOEXEC, SPAWN_FDS);
	g->slots_fd = m->options.slots;
	g->moduli = mem_strdup("");
	g->workers = mem_zalloc(sizeof(*g->workers));
	g->workers->child = (struct child){.generation = g,
	    .role = ROLE_WORKERS,
	    .pidfd = -1,
	    .wall = {.fd = -1}};
	wall_init(&g->monitors.wall, m->options.orphans, PATH_MASTER_MONITORS,
	    PATH_MONITORS_MASTER);
	if (g->binary < 0 || fd_set_cloexec(g->slots_fd) != 0 ||
	    fd_set_cloexec(m->options.orphans) != 0 ||
	    slots_attach(g->slots_fd, &g->slots) != 0)
		return NULL; /* the process ends */
	m->generations = g;
	return g;
}

/* Does this process say of itself, under the workers' account, that it is
 * the connection's? */
static bool
is_worker_of(pid_t pid, uint64_t connection, uid_t uid)
{
	char path[64], line[256], title[64];
	unsigned real = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	snprintf(title, sizeof(title), "sallyportd: worker %016llx",
	    (unsigned long long)connection);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	if (fgets(line, sizeof(line), f) != NULL)
		found = strcmp(line, title) == 0;
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (!found || (f = fopen(path, "re")) == NULL)
		return false;
	found = false;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Uid: %u", &real) == 1)
			found = real == uid;
	fclose(f);
	return found;
}

/* The master had its pidfd; its number may be another's by now. */
static void
find_worker(struct connection *c, const struct config *config)
{
	pid_t pid = (pid_t)c->generation->slots[c->slot].worker;
	uid_t uid;
	gid_t gid;
	int fd;

	if (pid <= 0 ||
	    drop_account(config->privsep.worker_user, &uid, &gid) != 0)
		return;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return;
	if (is_worker_of(pid, c->id, uid))
		connection_worker_born(c, pid, fd);
	else
		close(fd);
}

int
on_orphan(struct child *child, struct wall_message *message)
{
	struct generation *g = child->generation;
	const struct msg_orphan *o = &message->orphan;
	struct connection *c;

	/* A template that this master has started tells of births. */
	if (child->pid != 0)
		return E_STATE;
	if (o->slot >= SLOTS_MAX)
		return E_VALUE;
	c = connection_blank();
	if (net_parse(o->source, &c->source) != 0 ||
	    net_parse(o->local, &c->local) != 0)
		log_debug("a connection without addresses");
	if (*o->proxy != '\0' && net_parse(o->proxy, &c->proxy) != 0)
		memset(&c->proxy, 0, sizeof(c->proxy));
	c->lenient =
	    net_equal(&c->source, &c->proxy) && c->proxy.family != NET_NONE;
	c->source.port = (uint16_t)o->source_port;
	c->local.port = (uint16_t)o->local_port;
	c->id = o->connection;
	c->slot = o->slot;
	c->accepted_at = o->since;
	c->generation = g;
	connection_monitor_born(c, (pid_t)o->pid, message->fds[0]);
	message->fds[0] = -1;
	find_worker(c, g->config);
	connection_place(g->master, c, g->workers);
	return 0;
}

int
on_orphans(struct child *child, struct wall_message *message)
{
	const struct msg_orphans *o = &message->orphans;
	struct generation *g = child->generation;

	if (child->pid != 0)
		return E_STATE;
	g->judges = message->fds[0];
	message->fds[0] = -1;
	g->number = g->master->next_generation = o->generation;
	g->monitors.pid = (pid_t)o->pid;
	g->monitors.pidfd = (int)syscall(SYS_pidfd_open, (pid_t)o->pid, 0);
	if (g->monitors.pidfd < 0)
		return E_SYSTEM;
	g->monitors.ready = g->ready = true;
	generation_watch(g, &g->monitors);
	return g->failed ? E_SYSTEM : 0;
}

/* Until `orphans`, whose sender's messages are a generation's from there on. */
static int
judge(void *arg, struct wall_message *m)
{
	(void)arg;
	return m->type == MSG_orphan || m->type == MSG_orphans ? 0 : E_STATE;
}

PEER_HANDLE(MONITORS_MASTER)
static const struct peer from_template = {
    .handle = peer_MONITORS_MASTER, .judge = judge};

static int
take_all(struct generation *g)
{
	int err = 0;

	while (err == 0 && !g->ready)
		err =
		    peer_read(&from_template, &g->monitors.wall, &g->monitors);
	return err;
}

/* A server that serves already asks no more by itself for keepers. */
static void
tell_server(const char *control_socket)
{
	static const char request[] = "adopt\n";
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd;

	if (control_socket == NULL ||
	    strlen(control_socket) >= sizeof(un.sun_path))
		return;
	memcpy(un.sun_path, control_socket, strlen(control_socket));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0 &&
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		log_debug("the next server runs already");
	close(fd);
}

int
orphans_load(struct master *m, struct config *config, int bundle)
{
	struct generation *g = make_generation(m, config, bundle);
	int err = g == NULL ? E_SYSTEM : take_all(g);

	if (err != 0) {
		log_error("orphans: %s", err_text(err));
		return err;
	}
	connection_watch_orphans(m);
	AUDIT(server_lost, .count = m->n_connections,
	    .process = (uint64_t)getpid());
	m->options.keeper = keeper_listen(config->control_socket);
	if (m->options.keeper >= 0)
		tell_server(config->control_socket);
	return 0;
}
