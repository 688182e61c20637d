/*
 * A generation: one configuration, its keyholder, its two templates.  Started
 * step by step from the loop (keys, then modules, then workers), replaced in
 * part when a worker crashed, and ended with its last connection.
 */
#include "daemon/master/ledger.h"
#include "daemon/master/master.h"

#include "config/load.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/ssh/key.h"
#include "privsep/drop.h"
#include "privsep/settings.h"
#include "privsep/tickets.h"
#include "privsep/wall_queue.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Worker templates are replaced at most this often (ms). */
#define REPLACE_MS 250
/* And those that end without cause (ms). */
#define LOST_MS 1000

static void on_child_message(int fd, unsigned events, void *arg);
static void start_workers(struct generation *g);
static void replace_lost(struct generation *g);

struct generation *
generation_alloc(struct master *m)
{
	struct generation *g = mem_zalloc(sizeof(*g));

	g->master = m;
	g->bundle = g->slots_fd = g->binary = -1;
	g->tickets_binary = g->door = g->door_monitors = g->judges = -1;
	g->keyholder.pidfd = g->keyholder.wall.fd = -1;
	g->monitors.pidfd = g->monitors.wall.fd = -1;
	g->keyholder.role = ROLE_KEYHOLDER;
	g->monitors.role = ROLE_MONITORS;
	g->keyholder.generation = g->monitors.generation = g;
	return g;
}

/* All generations share the slots, so that a user's sessions can be counted;
 * the oldest one has them. */
static int
share_slots(struct generation *g)
{
	const struct generation *old = g->master->generations;

	if (old == NULL)
		return slots_create(&g->slots, &g->slots_fd);
	while (old->next != NULL)
		old = old->next;
	g->slots_fd = fcntl(old->slots_fd, F_DUPFD_CLOEXEC, SPAWN_FDS);
	return g->slots_fd < 0 ? E_SYSTEM :
				 slots_attach(g->slots_fd, &g->slots);
}

struct generation *
generation_new(struct master *m, struct config *config, int bundle)
{
	struct generation *g = generation_alloc(m);

	g->number = ++m->next_generation;
	g->config = config;
	g->bundle = bundle;
	g->binary = fcntl(m->binary, F_DUPFD_CLOEXEC, SPAWN_FDS);
	if (g->binary < 0 || share_slots(g) != 0) {
		log_error("generation %u: %s", g->number, strerror(errno));
		g->failed = true;
	}
	g->moduli = settings_moduli(config);
	g->next = m->generations;
	m->generations = g;
	return g;
}

void
generation_failed(struct generation *g, const char *why)
{
	if (g->failed || g->retired)
		return;
	g->failed = true;
	master_generation_failed(g, why);
}

bool
generation_serves(struct generation *g)
{
	return g->keyholder.pid != 0 && g->monitors.pid != 0 &&
	    connection_ready_workers(g) != NULL;
}

static void
replace_again(void *arg)
{
	replace_lost(arg);
}

static bool
replacement_starts(const struct generation *g)
{
	const struct workers *w = g->workers;

	while (w != NULL && (w->retired || w->child.ready || w->child.pid == 0))
		w = w->next;
	return w != NULL;
}

/* No worker template is left: at once, then at most once a second.  New
 * connections wait in the listeners' queues meanwhile. */
static void
replace_lost(struct generation *g)
{
	uint64_t now = loop_now(g->master->loop);

	if (g->failed || g->retired || connection_ready_workers(g) != NULL)
		return;
	listen_pause(g->master);
	if (replacement_starts(g))
		return; /* a replacement is on its way */
	if (g->replaced_at != 0 && now - g->replaced_at < LOST_MS) {
		loop_timer_start(g->master->loop, &g->replace,
		    LOST_MS - (now - g->replaced_at), replace_again, g);
		return;
	}
	generation_replace_workers(g, "lost");
}

/* The connections go on; a generation that has lost a part is mended or,
 * where that is not possible, replaced (master.c). */
static void
lost(struct generation *g, struct child *c, const char *why)
{
	bool mend = c->role == ROLE_WORKERS && g->ready;

	connection_watch_orphans(g->master);
	if (c->role == ROLE_WORKERS)
		((struct workers *)(void *)c)->retired = true;
	if (mend || g->retired || g->failed)
		log_warn("%s", why);
	if (mend)
		replace_lost(g);
	else
		generation_failed(g, why);
}

/* In a module's code while it was loaded: the module's fault. */
static bool
tell_loading(struct generation *g, const struct child *c, const siginfo_t *info)
{
	char what[64], *why;

	snprintf(what, sizeof(what), "ended the process: %s %d",
	    info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
	if (c != &g->monitors || (why = loading_fault(g, what)) == NULL)
		return false;
	loading_done(g);
	generation_failed(g, why);
	free(why);
	return true;
}

/* A process of a generation has ended: bury it, and see what that means. */
static void
on_child_exit(int fd, unsigned events, void *arg)
{
	struct child *c = arg;
	struct generation *g = c->generation;
	siginfo_t info;
	char why[256];
	bool told; /* to go, by the end of its wall */

	(void)events;
	memset(&info, 0, sizeof(info));
	if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) == 0 &&
	    info.si_pid == 0)
		return;
	/* ECHILD: it was the child of a master that has stopped. */
	/* Read the child's last messages before its exit is handled. */
	told = c->wall.fd < 0;
	if (c->wall.fd >= 0)
		on_child_message(c->wall.fd, LOOP_READ, c);
	loop_fd_remove(&c->on_exit);
	loop_fd_remove(&c->on_wall);
	close(c->pidfd);
	c->pidfd = -1;
	wall_free(&c->wall);
	c->pid = 0;
	c->ready = false;
	snprintf(why, sizeof(why), "%s of generation %u ended: %s %d",
	    role_row(c->role)->name, g->number,
	    info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
	if (c->role == ROLE_HELPER)
		helpers_lost(c, &info);
	else if (!told && c->role == ROLE_TICKETHOLDER)
		tickets_lost(c, why);
	else if (!told && !tell_loading(g, c, &info))
		lost(g, c, why);
}

void
generation_watch(struct generation *g, struct child *c)
{
	struct loop *loop = g->master->loop;

	if (fd_set_nonblocking(c->wall.fd) != 0 ||
	    loop_fd_add(loop, &c->on_wall, c->wall.fd, LOOP_READ,
		on_child_message, c) != 0 ||
	    loop_fd_add(
		loop, &c->on_exit, c->pidfd, LOOP_READ, on_child_exit, c) != 0)
		generation_failed(g, "cannot watch a child");
	wall_queue_watch(&c->wall, &c->on_wall);
}

void
generation_start(struct generation *g)
{
	if (g->failed ||
	    child_spawn(g, &g->keyholder, PATH_MASTER_KEYHOLDER,
		PATH_KEYHOLDER_MASTER) != 0) {
		g->failed = false;
		generation_failed(g, "the keyholder could not be started");
	}
}

int
on_host_key(struct child *c, struct wall_message *m)
{
	const struct msg_host_key *k = &m->host_key;
	struct generation *g = c->generation;
	struct host_key_blob *blob;
	struct key *key;
	char fp[KEY_FINGERPRINT_SIZE];

	if (g->n_host_keys == HOST_KEYS_MAX || k->key != g->n_host_keys)
		return E_LIMIT;
	blob = &g->host_keys[g->n_host_keys++];
	settings_keep_key(blob, k->path, &k->public_key, &k->certificate);
	if (key_parse(k->public_key.data, k->public_key.len, &key) != 0)
		return E_FORMAT;
	key_fingerprint(key, fp, sizeof(fp));
	AUDIT(hostkey_load, .key_type = key_name(key), .fp = fp,
	    .bits = key_bits(key), .file = k->path);
	key_free(key);
	return 0;
}

static uint8_t
purpose(const struct master *m)
{
	if (m->options.test)
		return m->options.effective ? PREPARE_PRINT : PREPARE_TEST;
	return m->options.rehearse ? PREPARE_REHEARSE : PREPARE_SERVE;
}

void
generation_go_on(struct generation *g)
{
	char *fault;

	offers_settle(g);
	if ((fault = offers_fault(g)) != NULL) {
		generation_failed(g, fault);
		free(fault);
		return;
	}
	if (child_spawn(g, &g->monitors, PATH_MASTER_MONITORS,
		PATH_MONITORS_MASTER) != 0) {
		generation_failed(
		    g, "the monitor template could not be started");
		return;
	}
	for (size_t i = 0; i < g->n_host_keys; i++)
		if (WALL_SEND(&g->monitors.wall, public_key, .key = (uint32_t)i,
			.path = g->host_keys[i].path,
			.public_key = g->host_keys[i].public_key,
			.certificate = g->host_keys[i].certificate) != 0)
			generation_failed(
			    g, "the monitor template does not listen");
	if (WALL_SEND(&g->monitors.wall, moduli,
		.text = {.data = (const uint8_t *)g->moduli,
		    .len = strlen(g->moduli)}) != 0 ||
	    WALL_SEND(&g->monitors.wall, prepare, .generation = g->number,
		.purpose = purpose(g->master)) != 0)
		generation_failed(g, "the monitor template does not listen");
}

static void
start_workers(struct generation *g)
{
	struct workers *w = mem_zalloc(sizeof(*w));

	w->child.role = ROLE_WORKERS;
	w->child.pidfd = w->child.wall.fd = -1;
	w->next = g->workers;
	g->workers = w;
	if (child_spawn(
		g, &w->child, PATH_MASTER_WORKERS, PATH_WORKERS_MASTER) != 0) {
		generation_failed(
		    g, "the worker template could not be started");
		return;
	}
	if (offers_send(g, &w->child.wall) != 0)
		generation_failed(g, "the worker template does not listen");
}

void
generation_helpers_ready(struct generation *g)
{
	start_workers(g);
}

void
generation_replace_workers(struct generation *g, const char *why)
{
	uint64_t now = loop_now(g->master->loop);

	if (!g->ready || now - g->replaced_at < REPLACE_MS)
		return;
	g->replaced_at = now;
	AUDIT(template_replaced, .component = "workers", .reason = why);
	/* The old one serves until the new one is ready. */
	start_workers(g);
}

/* The new template is ready: those before it get no more work. */
int
on_worker_ready(struct child *c, struct wall_message *m)
{
	struct workers *ready = (struct workers *)(void *)c;
	struct generation *g = c->generation;

	(void)m;
	c->ready = true;
	for (struct workers *w = ready->next; w != NULL; w = w->next)
		w->retired = true;
	if (g->ready) {
		listen_start(g->master);
		return 0;
	}
	g->ready = true;
	master_generation_ready(g);
	return 0;
}

int
on_worker_log(struct child *c, struct wall_message *m)
{
	const struct msg_worker_log *l = &m->worker_log;

	(void)c;
	log_relay(l->level, "worker template", l->line, strlen(l->line));
	return 0;
}

static int
problems_from(struct generation *g, const char *text)
{
	char why[16384];

	snprintf(why, sizeof(why), "%s", text);
	generation_failed(g, why);
	return 0;
}

int
on_keys_failed(struct child *c, struct wall_message *m)
{
	return problems_from(c->generation, m->keys_failed.text);
}

int
on_template_failed(struct child *c, struct wall_message *m)
{
	return problems_from(c->generation, m->template_failed.text);
}

int
on_checkpoint_signed(struct child *c, struct wall_message *m)
{
	(void)c;
	ledger_signed(&m->checkpoint_signed);
	return 0;
}

int
on_keys_ready(struct child *c, struct wall_message *m)
{
	(void)m;
	c->ready = true;
	if (tickets_wanted(c->generation))
		tickets_start(c->generation);
	else
		generation_go_on(c->generation);
	return 0;
}

int
on_template_ready(struct child *c, struct wall_message *m)
{
	c->ready = true;
	c->generation->judges = m->fds[0];
	m->fds[0] = -1;
	if (helpers_start(c->generation))
		start_workers(c->generation);
	return 0;
}

/* A process that read a PROXY header: the end of its wall has ended the
 * connection already. */
int
on_reader_crashed(struct child *c, struct wall_message *m)
{
	const struct msg_reader_crashed *r = &m->reader_crashed;
	struct generation *g = c->generation;
	const struct net_address none = {.family = NET_NONE};
	char number[16], conn[AUDIT_CONN_ID_SIZE];

	g->master->stats.worker_crashes++;
	snprintf(number, sizeof(number), "%u", r->signal);
	snprintf(
	    conn, sizeof(conn), "%016llx", (unsigned long long)r->connection);
	audit_set_connection(conn, &none, &none);
	if (r->signal == SIGSYS)
		AUDIT(sandbox_violation, .component = "header reader");
	else
		AUDIT(worker_crash, .component = "header reader",
		    .signal = number);
	audit_forget_connection();
	generation_replace_workers(
	    g, r->signal == SIGSYS ? "sandbox violation" : "crash");
	return 0;
}

/* All that has come is read in one turn, but of a helper that says too much. */
static bool
hears_more(void *arg, enum wall_type last)
{
	struct child *c = arg;

	(void)last;
	return c->wall.fd >= 0 && !helpers_silenced(c);
}

PEER_HANDLE(KEYHOLDER_MASTER)
PEER_HANDLE(MONITORS_MASTER)
PEER_HANDLE(WORKERS_MASTER)
PEER_HANDLE(TICKETS_MASTER)
PEER_HANDLE(HELPER_MASTER)

#define ALL(path)                                                           \
	{                                                                   \
		.handle = peer_##path, .turn = UINT_MAX, .more = hears_more \
	}
static const struct peer peers[ROLE_COUNT] = {
    [ROLE_KEYHOLDER] = ALL(KEYHOLDER_MASTER),
    [ROLE_MONITORS] = ALL(MONITORS_MASTER),
    [ROLE_WORKERS] = ALL(WORKERS_MASTER),
    [ROLE_TICKETHOLDER] = ALL(TICKETS_MASTER),
    [ROLE_HELPER] = ALL(HELPER_MASTER)};
#undef ALL

static void
on_child_message(int fd, unsigned events, void *arg)
{
	struct child *c = arg;
	int err;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		(void)wall_queue_flush(&c->wall);
	err = peer_read(&peers[c->role], &c->wall, c);
	if (err == 0 || err == E_AGAIN)
		return;
	/* Its end is told by its pidfd; here only the wall falls silent. */
	loop_fd_remove(&c->on_wall);
	if (err == E_CLOSED && c->role == ROLE_HELPER)
		child_signal(c->pidfd, SIGKILL); /* it does nothing by itself */
	if (err != E_CLOSED) {
		AUDIT(wall_violation, .reason = err_text(err),
		    .message = role_row(c->role)->name);
		if (c->role == ROLE_TICKETHOLDER || c->role == ROLE_HELPER)
			child_signal(c->pidfd, SIGKILL);
		else
			generation_failed(
			    c->generation, "a child broke the wall's rules");
	}
}

void
generation_farewell(struct generation *g)
{
	if (g->monitors.wall.fd >= 0)
		(void)WALL_SEND(&g->monitors.wall, leave);
}

void
generation_retire(struct generation *g)
{
	g->retired = true;
}

void
generation_free(struct generation *g)
{
	struct master *m = g->master;
	struct generation **at = &m->generations;

	while (*at != NULL && *at != g)
		at = &(*at)->next;
	if (*at == g)
		*at = g->next;
	if (m->current == g)
		m->current = NULL;
	loop_timer_stop(&g->replace);
	loading_done(g);
	tickets_free(g);
	helpers_free(g);
	child_free(&g->keyholder);
	child_free(&g->monitors);
	while (g->workers != NULL) {
		struct workers *w = g->workers;

		g->workers = w->next;
		child_free(&w->child);
		free(w);
	}
	for (size_t i = 0; i < g->n_host_keys; i++)
		settings_free_key(&g->host_keys[i]);
	offers_free(g);
	free(g->moduli);
	config_free(g->config);
	if (g->judges >= 0)
		close(g->judges);
	close(g->bundle);
	close(g->binary);
	close(g->slots_fd);
	slots_release(g->slots);
	free(g);
}
