/*
 * What one image of the master leaves to the next: listening sockets,
 * penalties, generations and connections, written into a memfd; descriptors
 * keep their numbers across exec().
 */
#include "daemon/master/master.h"

#include "config/load.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "privsep/die.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Changes with the layout; a program that reads another refuses to start, in
 * its rehearsal already (see carry_version). */
#define CARRY_VERSION 2
#define CARRY_MAX     (64 * 1024 * 1024)
#define BLOB_MAX      65536

void
carry_keep(struct buf *b, int fd)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, 0) != 0)
		fd = -1;
	buf_u32(b, (uint32_t)fd);
}

int
carry_take(struct rd *r)
{
	int fd = (int)rd_u32(r);

	if (r->err != 0 || fd < 0)
		return -1;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
		rd_fail(r, E_SYSTEM);
		return -1;
	}
	return fd;
}

static void
save_child(struct buf *b, const struct child *c)
{
	buf_u32(b, (uint32_t)c->pid);
	buf_bool(b, c->ready);
	carry_keep(b, c->pidfd);
	carry_keep(b, c->wall.fd);
}

static void
load_child(struct rd *r, struct generation *g, struct child *c, enum role role,
    enum wall_path out, enum wall_path in)
{
	int fd;

	c->generation = g;
	c->role = role;
	c->pid = (pid_t)rd_u32(r);
	c->ready = rd_bool(r);
	c->pidfd = carry_take(r);
	fd = carry_take(r);
	wall_init(&c->wall, fd, out, in);
	if (c->pid != 0 && c->pidfd >= 0 && c->wall.fd >= 0)
		generation_watch(g, c);
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
	memcpy(a->bytes, rd_bytes(r, sizeof(a->bytes)),
	    r->err == 0 ? sizeof(a->bytes) : 0);
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
	buf_text(b, g->moduli);
	buf_u32(b, (uint32_t)g->n_host_keys);
	for (size_t i = 0; i < g->n_host_keys; i++) {
		buf_string(b, g->host_keys[i].public_key.data,
		    g->host_keys[i].public_key.len);
		buf_string(b, g->host_keys[i].certificate.data,
		    g->host_keys[i].certificate.len);
	}
	save_child(b, &g->keyholder);
	save_child(b, &g->monitors);
	for (const struct workers *w = g->workers; w != NULL; w = w->next)
		count++;
	buf_u32(b, count);
	for (const struct workers *w = g->workers; w != NULL; w = w->next) {
		buf_bool(b, w->retired);
		save_child(b, &w->child);
	}
}

static struct bytes
load_blob(struct rd *r)
{
	struct bytes b;
	const uint8_t *at = rd_string(r, BLOB_MAX, &b.len);

	b.data = mem_dup(at, b.len);
	return b;
}

/* A configuration the next program no longer understands still has limits:
 * the defaults'. */
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
load_generation(struct rd *r, struct master *m, struct generation ***tail)
{
	struct generation *g = generation_alloc(m);
	struct workers **w = &g->workers;
	size_t len;
	const uint8_t *text;
	uint32_t count;

	g->number = rd_u32(r);
	g->ready = rd_bool(r);
	g->retired = rd_bool(r);
	g->bundle = carry_take(r);
	g->binary = carry_take(r);
	g->slots_fd = carry_take(r);
	text = rd_string(r, WALL_MODULI_MAX, &len);
	g->moduli = mem_strndup((const char *)text, len);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && i < HOST_KEYS_MAX; i++) {
		g->host_keys[i].public_key = load_blob(r);
		g->host_keys[i].certificate = load_blob(r);
		g->n_host_keys++;
	}
	if (r->err != 0 || slots_attach(g->slots_fd, &g->slots) != 0) {
		rd_fail(r, E_SYSTEM);
		return;
	}
	g->config = load_config(g->bundle);
	load_child(r, g, &g->keyholder, ROLE_KEYHOLDER, PATH_MASTER_KEYHOLDER,
	    PATH_KEYHOLDER_MASTER);
	load_child(r, g, &g->monitors, ROLE_MONITORS, PATH_MASTER_MONITORS,
	    PATH_MONITORS_MASTER);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++) {
		*w = mem_zalloc(sizeof(**w));
		(*w)->retired = rd_bool(r);
		load_child(r, g, &(*w)->child, ROLE_WORKERS,
		    PATH_MASTER_WORKERS, PATH_WORKERS_MASTER);
		w = &(*w)->next;
	}
	**tail = g;
	*tail = &g->next;
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
	buf_u64(b, c->accepted_at);
	buf_u64(b, c->worker_gone_at);
	buf_u64(b, c->monitor_gone_at);
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
place(struct master *m, struct connection *c, uint32_t number, uint32_t index)
{
	struct generation *g;
	struct workers *w;

	for (g = m->generations; g != NULL && g->number != number; g = g->next)
		continue;
	w = g == NULL ? NULL : g->workers;
	while (w != NULL && index-- > 0)
		w = w->next;
	if (w == NULL || c->slot >= SLOTS_MAX) {
		free(c);
		return;
	}
	c->generation = g;
	c->workers = w;
	g->connections++;
	w->serving++;
	c->next = m->connections;
	if (c->next != NULL)
		c->next->previous = c;
	m->connections = c;
	m->n_connections++;
}

static void
load_connection(struct rd *r, struct master *m)
{
	struct connection *c = mem_zalloc(sizeof(*c));
	uint32_t number, index;

	c->id = rd_u64(r);
	number = rd_u32(r);
	index = rd_u32(r);
	c->slot = rd_u32(r);
	load_address(r, &c->source);
	load_address(r, &c->local);
	c->accepted_at = rd_u64(r);
	c->worker_gone_at = rd_u64(r);
	c->monitor_gone_at = rd_u64(r);
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
		place(m, c, number, index);
}

static void
save(struct master *m, struct buf *b)
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
		carry_keep(b, l->fd);
	}
	carry_keep(b, m->log_fd);
	penalties_save(m->penalties, b);
	count = 0;
	for (struct generation *g = m->generations; g != NULL; g = g->next)
		count++;
	buf_u32(b, count);
	for (struct generation *g = m->generations; g != NULL; g = g->next)
		save_generation(b, g);
	buf_u32(b, m->n_connections);
	for (struct connection *c = m->connections; c != NULL; c = c->next)
		save_connection(b, c);
	buf_bytes(b, &m->stats, sizeof(m->stats));
	control_save(m, b);
}

static void
load_listening(struct rd *r, struct master *m)
{
	char name[128], address[128];
	uint16_t port;
	int fd;

	rd_text(r, name, sizeof(name));
	rd_text(r, address, sizeof(address));
	port = rd_u16(r);
	fd = carry_take(r);
	if (r->err == 0 && fd >= 0)
		listen_adopt(m, name, address, port, fd);
}

static int
load(struct master *m, struct rd *r)
{
	struct generation **tail = &m->generations;
	uint32_t count;
	int fd;

	if (rd_u32(r) != CARRY_VERSION)
		rd_fail(r, E_UNSUPPORTED);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		load_listening(r, m);
	fd = carry_take(r);
	if (m->log_fd >= 0)
		close(m->log_fd);
	m->log_fd = fd;
	penalties_load(m->penalties, r);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		load_generation(r, m, &tail);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		load_connection(r, m);
	memcpy(&m->stats, rd_bytes(r, sizeof(m->stats)),
	    r->err == 0 ? sizeof(m->stats) : 0);
	control_load(m, r);
	return rd_end(r);
}

int
carry_load(struct master *m, int fd)
{
	struct stat st;
	struct rd r;
	void *data;
	int err;

	if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > CARRY_MAX)
		return E_SYSTEM;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return E_SYSTEM;
	rd_init(&r, data, (size_t)st.st_size);
	err = load(m, &r);
	munmap(data, (size_t)st.st_size);
	close(fd);
	return err;
}

static int
write_state(struct master *m)
{
	struct buf b;
	size_t done = 0;
	int fd = memfd_create("sallyport-carry", 0);

	buf_init(&b, CARRY_MAX);
	save(m, &b);
	while (fd >= 0 && done < b.len) {
		ssize_t n = write(fd, &b.data[done], b.len - done);

		if (n <= 0) {
			close(fd);
			fd = -1;
			break;
		}
		done += (size_t)n;
	}
	if (buf_end(&b) != 0 && fd >= 0) {
		close(fd);
		fd = -1;
	}
	buf_free(&b);
	return fd;
}

/* exec failed: what was to survive must again be closed by the next one. */
static void
close_on_exec_again(void)
{
	for (int fd = SPAWN_WALL; fd < 65536; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 && errno == EBADF &&
		    fd > 8192)
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
		    strcmp(old[i], "--linger") != 0)
			list[kept++] = old[i];
	for (size_t i = 0; more[i] != NULL; i++)
		list[kept++] = mem_strdup(more[i]);
	return list;
}

static void
next_image(struct master *m, const char *program, int bundle, bool lingering)
{
	char carry[48], files[48];
	const char *more[] = {
	    carry, files, lingering ? "--linger" : NULL, NULL};
	char **argv;
	sigset_t none;
	int fd = write_state(m);

	if (fd < 0 || fcntl(bundle, F_SETFD, 0) != 0) {
		close_on_exec_again();
		return;
	}
	snprintf(carry, sizeof(carry), "--carry=%d", fd);
	snprintf(files, sizeof(files), "--bundle=%d", bundle);
	argv = arguments(m->options.argv, more);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, argv);
	close_on_exec_again();
	close(fd);
	free(argv);
}

void
carry_exec(struct master *m, int bundle)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	next_image(m, m->options.program, bundle, false);
	sigprocmask(SIG_SETMASK, &now, NULL);
}

void
linger(struct master *m)
{
	struct connection *c, *next;
	char held[64];

	admit_count(m);
	for (c = m->connections; c != NULL; c = next) {
		next = c->next;
		if (!c->authenticated) {
			connection_kill(c, "server stops");
			c->ended_by_us = true;
		}
	}
	if (m->n_connections == m->n_unauthenticated || m->current == NULL) {
		master_end(m, 0);
		return;
	}
	/* The service is down for its manager; a child keeps the sessions. */
	switch (fork()) {
	case -1:
		die_errno("fork");
	case 0:
		if (setsid() < 0)
			die_errno("setsid");
		snprintf(
		    held, sizeof(held), "/proc/self/fd/%d", m->current->binary);
		if (fcntl(m->current->binary, F_SETFD, 0) == 0)
			next_image(m, held, m->current->bundle, true);
		die_errno("the sessions' keeper could not be started");
	default:
		master_end(m, 0);
	}
}
