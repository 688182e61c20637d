/*
 * Carries the state of the master into its next image: listening sockets,
 * penalties, generations and connections, written into a memfd.  Descriptors
 * keep their numbers across exec(); those that a keeper hands to another
 * process (keeper.c) travel in a list, and the state has their places in it.
 */
#include "daemon/master/judging.h"
#include "daemon/master/master.h"

#include "config/load.h"
#include "lib/audit_chain.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/syslog_out.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Changes with the layout; a program that reads another one refuses in its
 * rehearsal already (carry_format). */
#define CARRY_VERSION 16
#define CARRY_MAX     (64 * 1024 * 1024)
#define BLOB_MAX      65536

const char *
carry_format(void)
{
	static char text[32];

	snprintf(
	    text, sizeof(text), "%d:%zu", CARRY_VERSION, sizeof(struct slot));
	return text;
}

static void
save_address(struct buf *b, const struct net_address *a)
{
	buf_u8(b, a->family);
	buf_bytes(b, a->bytes, sizeof(a->bytes));
	buf_u16(b, a->port);
	buf_u32(b, a->scope);
}

static void
load_address(struct rd *r, struct net_address *a)
{
	memset(a, 0, sizeof(*a));
	a->family = rd_u8(r);
	rd_copy(r, a->bytes, sizeof(a->bytes));
	a->port = rd_u16(r);
	a->scope = rd_u32(r);
}

static void
save_generation(struct buf *b, const struct generation *g)
{
	uint32_t count = 0;

	buf_u32(b, g->number);
	buf_bool(b, g->ready);
	buf_bool(b, g->retired);
	carry_keep(b, g->bundle);
	carry_keep(b, g->binary);
	carry_keep(b, g->slots_fd);
	carry_keep(b, g->judges);
	buf_text(b, g->moduli);
	buf_u32(b, (uint32_t)g->n_host_keys);
	for (size_t i = 0; i < g->n_host_keys; i++) {
		const struct host_key_blob *k = &g->host_keys[i];

		buf_text(b, k->path);
		buf_string(b, k->public_key.data, k->public_key.len);
		buf_string(b, k->certificate.data, k->certificate.len);
	}
	carry_save_child(b, &g->keyholder);
	carry_save_child(b, &g->monitors);
	for (const struct workers *w = g->workers; w != NULL; w = w->next)
		count++;
	buf_u32(b, count);
	for (const struct workers *w = g->workers; w != NULL; w = w->next) {
		buf_bool(b, w->retired);
		carry_save_child(b, &w->child);
	}
	carry_save_tickets(b, g);
}

static void
load_key(struct rd *r, struct host_key_blob *blob)
{
	char path[PATH_MAX];
	struct bytes public_key, certificate;

	rd_text(r, path, sizeof(path));
	public_key.data = rd_string(r, BLOB_MAX, &public_key.len);
	certificate.data = rd_string(r, BLOB_MAX, &certificate.len);
	settings_keep_key(blob, path, &public_key, &certificate);
}

/* One that the next program cannot read still has limits: the defaults'. */
static struct config *
load_config(int bundle_fd)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;

	if (config_bundle_from_fd(bundle_fd, &bundle) != 0 ||
	    config_load(&bundle, &config, &problems) != 0)
		config = config_defaults();
	config_bundle_free(&bundle);
	problems_free(&problems);
	return config;
}

static void
watch_child(struct generation *g, struct child *c)
{
	if (c->pid != 0 && c->pidfd >= 0 && c->wall.fd >= 0)
		generation_watch(g, c);
}

static void
watch_children(struct generation *g)
{
	watch_child(g, &g->keyholder);
	watch_child(g, &g->monitors);
	for (struct workers *w = g->workers; w != NULL; w = w->next)
		watch_child(g, &w->child);
	for (struct tickets *t = g->tickets; t != NULL; t = t->next)
		watch_child(g, &t->child);
	for (struct helper *h = g->helpers; h != NULL; h = h->next) {
		watch_child(g, &h->child);
		helpers_carried(h);
	}
}

static void
load_generation(struct rd *r, struct master *m, struct generation ***tail)
{
	struct generation *g = generation_alloc(m);
	struct workers **w = &g->workers;
	size_t len;
	const uint8_t *text;
	uint32_t count;

	**tail = g;
	*tail = &g->next;
	g->number = rd_u32(r);
	g->ready = rd_bool(r);
	g->retired = rd_bool(r);
	g->bundle = carry_take(r);
	g->binary = carry_take(r);
	g->slots_fd = carry_take(r);
	g->judges = carry_take(r);
	text = rd_string(r, WALL_MODULI_MAX, &len);
	g->moduli = mem_strndup((const char *)text, len);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && i < HOST_KEYS_MAX; i++)
		load_key(r, &g->host_keys[g->n_host_keys++]);
	if (r->err != 0 || slots_attach(g->slots_fd, &g->slots) != 0) {
		rd_fail(r, E_SYSTEM);
		return;
	}
	g->config = load_config(g->bundle);
	carry_load_child(r, g, &g->keyholder, ROLE_KEYHOLDER,
	    PATH_MASTER_KEYHOLDER, PATH_KEYHOLDER_MASTER);
	/* Its keyholder may have died meanwhile. */
	if (g->ready || g->keyholder.ready)
		offers_settle(g);
	carry_load_child(r, g, &g->monitors, ROLE_MONITORS,
	    PATH_MASTER_MONITORS, PATH_MONITORS_MASTER);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++) {
		*w = mem_zalloc(sizeof(**w));
		(*w)->retired = rd_bool(r);
		carry_load_child(r, g, &(*w)->child, ROLE_WORKERS,
		    PATH_MASTER_WORKERS, PATH_WORKERS_MASTER);
		w = &(*w)->next;
	}
	carry_load_tickets(r, g);
	watch_children(g);
	g->failed = g->ready && !generation_serves(g);
	if (g->ready && !g->retired && m->current == NULL)
		m->current = g;
	if (g->number > m->next_generation)
		m->next_generation = g->number;
}

static uint32_t
workers_index(const struct connection *c)
{
	uint32_t i = 0;

	for (const struct workers *w = c->generation->workers;
	     w != NULL && w != c->workers; w = w->next)
		i++;
	return i;
}

static void
save_connection(struct buf *b, const struct connection *c)
{
	buf_u64(b, c->id);
	buf_u32(b, c->generation->number);
	buf_u32(b, workers_index(c));
	buf_u32(b, c->slot);
	save_address(b, &c->source);
	save_address(b, &c->local);
	save_address(b, &c->proxy);
	buf_bool(b, c->lenient);
	buf_u64(b, c->accepted_at);
	buf_u64(b, c->worker_gone_at);
	buf_u64(b, c->monitor_gone_at);
	buf_bool(b, c->silent);
	buf_u32(b, (uint32_t)c->monitor);
	buf_u32(b, (uint32_t)c->worker);
	carry_keep(b, c->monitor_pidfd);
	carry_keep(b, c->worker_pidfd);
	buf_bool(b, c->monitor_dead);
	buf_bool(b, c->worker_dead);
	buf_bool(b, c->authenticated);
	buf_bool(b, c->ended_by_us);
	buf_bool(b, c->grace_exceeded);
	buf_u64(b, c->kill_at);
}

static void
place(struct master *m, struct generation *g, struct connection *c,
    uint32_t number, uint32_t index)
{
	struct workers *w;

	while (g != NULL && g->number != number)
		g = g->next;
	w = g == NULL ? NULL : g->workers;
	while (w != NULL && index-- > 0)
		w = w->next;
	if (w == NULL || c->slot >= SLOTS_MAX) {
		free(c);
		return;
	}
	c->generation = g;
	connection_place(m, c, w);
}

static void
load_connection(struct rd *r, struct master *m, struct generation *first)
{
	struct connection *c = connection_blank();
	uint32_t number, index;

	c->id = rd_u64(r);
	number = rd_u32(r);
	index = rd_u32(r);
	c->slot = rd_u32(r);
	load_address(r, &c->source);
	load_address(r, &c->local);
	load_address(r, &c->proxy);
	c->lenient = rd_bool(r);
	c->accepted_at = rd_u64(r);
	c->worker_gone_at = rd_u64(r);
	c->monitor_gone_at = rd_u64(r);
	c->silent = rd_bool(r);
	c->monitor = (pid_t)rd_u32(r);
	c->worker = (pid_t)rd_u32(r);
	c->monitor_pidfd = carry_take(r);
	c->worker_pidfd = carry_take(r);
	c->monitor_dead = rd_bool(r);
	c->worker_dead = rd_bool(r);
	c->authenticated = rd_bool(r);
	c->ended_by_us = rd_bool(r);
	c->grace_exceeded = rd_bool(r);
	c->kill_at = rd_u64(r);
	if (r->err != 0)
		free(c);
	else
		place(m, first, c, number, index);
}

static void
save_kept(const struct master *m, struct buf *b)
{
	uint32_t count = 0;

	for (struct generation *g = m->generations; g != NULL; g = g->next)
		count++;
	buf_u32(b, count);
	for (struct generation *g = m->generations; g != NULL; g = g->next)
		save_generation(b, g);
	buf_u32(b, m->n_connections);
	for (struct connection *c = m->connections; c != NULL; c = c->next)
		save_connection(b, c);
	buf_bytes(b, &m->stats, sizeof(m->stats));
	penalties_save(m->penalties, b, CARRY_MAX / 2);
}

static void
save(const struct master *m, struct buf *b)
{
	uint32_t count = 0;

	buf_u32(b, CARRY_VERSION);
	for (struct listening *l = m->listening; l != NULL; l = l->next)
		count++;
	buf_u32(b, count);
	for (struct listening *l = m->listening; l != NULL; l = l->next) {
		buf_text(b, l->name);
		buf_text(b, l->address);
		buf_u16(b, l->port);
		buf_bool(b, l->inherited);
		carry_keep(b, l->fd);
	}
	carry_keep(b, m->log_fd);
	carry_keep(b, m->pid_fd);
	buf_text(b, m->pid_fd < 0 ? "" : m->pid_path);
	save_kept(m, b);
	control_save(m, b);
	plan_save(m, b);
	syslog_out_save(b);
	audit_chain_save(b);
}

static void
load_listening(struct rd *r, struct master *m)
{
	char name[128], address[128];
	uint16_t port;
	bool inherited;
	int fd;

	rd_text(r, name, sizeof(name));
	rd_text(r, address, sizeof(address));
	port = rd_u16(r);
	inherited = rd_bool(r);
	fd = carry_take(r);
	if (r->err == 0 && fd >= 0)
		listen_adopt(m, name, address, port, fd, inherited);
}

_Static_assert(sizeof(((struct master *)NULL)->stats) % sizeof(uint64_t) == 0,
    "only counters");

/* Counters go on from theirs. */
static void
load_stats(struct rd *r, struct master *m)
{
	uint64_t more[sizeof(m->stats) / sizeof(uint64_t)];
	const uint8_t *at = rd_bytes(r, sizeof(m->stats));
	uint64_t sum[sizeof(m->stats) / sizeof(uint64_t)];

	if (r->err != 0)
		return;
	memcpy(more, at, sizeof(more));
	memcpy(sum, &m->stats, sizeof(sum));
	for (size_t i = 0; i < sizeof(sum) / sizeof(sum[0]); i++)
		sum[i] += more[i];
	memcpy(&m->stats, sum, sizeof(sum));
}

/* Behind the generations that are there; first: where the loaded begin. */
static struct generation **
load_kept(struct rd *r, struct master *m)
{
	struct generation **first = &m->generations, **tail;
	uint32_t count = rd_u32(r);

	while (*first != NULL)
		first = &(*first)->next;
	tail = first;
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		load_generation(r, m, &tail);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		load_connection(r, m, *first);
	load_stats(r, m);
	penalties_load(m->penalties, r);
	return first;
}

static int
load(struct master *m, struct rd *r)
{
	char path[PATH_MAX] = "";
	uint32_t count;
	int fd;

	if (rd_u32(r) != CARRY_VERSION)
		rd_fail(r, E_UNSUPPORTED);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		load_listening(r, m);
	fd = carry_take(r);
	/* The file as it is now, if it could be opened (log rotation). */
	if (m->log_fd < 0)
		m->log_fd = fd;
	else if (fd >= 0)
		close(fd);
	m->pid_fd = carry_take(r);
	rd_text(r, path, sizeof(path));
	m->pid_path = m->pid_fd < 0 ? NULL : mem_strdup(path);
	load_kept(r, m);
	control_load(m, r);
	plan_load(m, r);
	syslog_out_load(r);
	audit_chain_load(r);
	return rd_end(r);
}

/* Ours no more; the processes and their slots stay as they are. */
static void
leave_connection(struct master *m, struct connection *c)
{
	judging_forget(m, c);
	if (c->next != NULL)
		c->next->previous = c->previous;
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		m->connections = c->next;
	m->n_connections--;
	if (c->monitor_pidfd >= 0)
		close(c->monitor_pidfd);
	if (c->worker_pidfd >= 0)
		close(c->worker_pidfd);
	free(c);
}

void
carry_leave(struct master *m, struct generation **first)
{
	while (*first != NULL) {
		struct connection *c, *next;

		for (c = m->connections; c != NULL; c = next) {
			next = c->next;
			if (c->generation == *first)
				leave_connection(m, c);
		}
		generation_free(*first);
	}
}

/* The numbers of others may be used already. */
static void
renumber(struct master *m, struct generation *loaded)
{
	for (; loaded != NULL; loaded = loaded->next)
		for (struct generation *g = m->generations; g != loaded;
		     g = g->next)
			if (g->number == loaded->number) {
				g->number = ++m->next_generation;
				break;
			}
}

static int
adopt(struct master *m, struct rd *r, struct generation ***first)
{
	if (rd_u32(r) != CARRY_VERSION)
		rd_fail(r, E_UNSUPPORTED);
	if (rd_u32(r) != sizeof(struct slot))
		rd_fail(r, E_UNSUPPORTED);
	if (r->err != 0)
		return r->err;
	*first = load_kept(r, m);
	if (rd_end(r) != 0) {
		carry_leave(m, *first);
		return r->err;
	}
	renumber(m, **first);
	return 0;
}

static int
map_state(int fd, struct rd *r)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > CARRY_MAX)
		return E_SYSTEM;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return E_SYSTEM;
	rd_init(r, data, (size_t)st.st_size);
	return 0;
}

int
carry_adopt(
    struct master *m, int fd, struct carry_fds *fds, struct generation ***first)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct rd r, whole;
	int err;

	if ((fcntl(fd, F_GET_SEALS) & seals) != seals)
		return E_PERMISSIONS;
	if ((err = map_state(fd, &r)) != 0)
		return err;
	whole = r;
	carry_hand(fds);
	err = adopt(m, &r, first);
	carry_hand(NULL);
	munmap((void *)(uintptr_t)whole.data, whole.len);
	return err;
}

int
carry_load(struct master *m, int fd)
{
	struct rd r, whole;
	int err;

	if ((err = map_state(fd, &r)) != 0)
		return err;
	whole = r;
	err = load(m, &r);
	munmap((void *)(uintptr_t)whole.data, whole.len);
	close(fd);
	return err;
}

int
carry_write(const struct master *m, struct carry_fds *fds)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct buf b;
	size_t done = 0;
	int fd = memfd_create("sallyport-carry", MFD_ALLOW_SEALING);

	buf_init(&b, CARRY_MAX);
	carry_hand(fds);
	if (fds == NULL) {
		save(m, &b);
	} else {
		buf_u32(&b, CARRY_VERSION);
		buf_u32(&b, sizeof(struct slot));
		save_kept(m, &b);
	}
	carry_hand(NULL);
	while (fd >= 0 && done < b.len) {
		ssize_t n = write(fd, &b.data[done], b.len - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd >= 0 &&
	    (buf_end(&b) != 0 || done < b.len ||
		fcntl(fd, F_ADD_SEALS, seals) != 0)) {
		close(fd);
		fd = -1;
	}
	buf_free(&b);
	return fd;
}
