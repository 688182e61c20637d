/*
 * Connections as the master sees them: two processes, a slot, an address.
 * Their births and deaths come from the templates; what a death costs its
 * source, and the logout the dead cannot write, are settled here.
 */
#include "daemon/master/judging.h"
#include "daemon/master/ledger.h"
#include "daemon/master/lobby.h"
#include "daemon/master/selftest.h"
#include "daemon/master/trial.h"

#include "lib/audit.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/syslog_out.h"
#include "privsep/records.h"

#include <sys/random.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t
free_slot(struct generation *g)
{
	for (uint32_t i = 0; i < SLOTS_MAX; i++)
		if (g->slots[i].connection == 0)
			return i;
	return SLOTS_MAX;
}

/* The first may be a replacement that is still being started. */
struct workers *
connection_ready_workers(struct generation *g)
{
	struct workers *w;

	for (w = g->workers; w != NULL; w = w->next)
		if (w->child.ready && !w->retired && w->child.pid != 0)
			return w;
	return NULL;
}

struct connection *
connection_blank(void)
{
	struct connection *c = mem_zalloc(sizeof(*c));

	c->client = c->monitor_pidfd = c->worker_pidfd = c->header.fd = -1;
	return c;
}

static void
enlist(struct master *m, struct connection *c)
{
	c->generation->connections++;
	c->next = m->connections;
	if (c->next != NULL)
		c->next->previous = c;
	m->connections = c;
	m->n_connections++;
}

void
connection_place(struct master *m, struct connection *c, struct workers *w)
{
	c->workers = w;
	w->serving++;
	enlist(m, c);
}

struct connection *
connection_new(struct master *m, struct generation *g)
{
	struct connection *c;
	uint32_t slot = free_slot(g);
	uint64_t id = 0;

	if (slot == SLOTS_MAX ||
	    getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id) || id == 0)
		return NULL;
	c = connection_blank();
	c->id = id;
	c->generation = g;
	c->slot = slot;
	c->accepted_at = loop_now(m->loop);
	memset(&g->slots[slot], 0, sizeof(g->slots[slot]));
	g->slots[slot].connection = id;
	enlist(m, c);
	return c;
}

bool
connection_take_workers(struct connection *c)
{
	c->workers = connection_ready_workers(c->generation);
	if (c->workers == NULL)
		return false;
	c->workers->serving++;
	return true;
}

void
connection_leave_workers(struct connection *c)
{
	if (c->workers != NULL)
		c->workers->serving--;
	c->workers = NULL;
}

struct connection *
connection_find(struct master *m, uint64_t id)
{
	struct connection *c;

	for (c = m->connections; c != NULL && c->id != id; c = c->next)
		continue;
	return c;
}

void
connection_slot(const struct connection *c, struct slot *slot)
{
	memcpy(slot, &c->generation->slots[c->slot], sizeof(*slot));
	slot->detail[sizeof(slot->detail) - 1] = '\0';
	slot->line[sizeof(slot->line) - 1] = '\0';
	slot->user[sizeof(slot->user) - 1] = '\0';
	slot->source[sizeof(slot->source) - 1] = '\0';
	slot->rule[sizeof(slot->rule) - 1] = '\0';
	slot->method[sizeof(slot->method) - 1] = '\0';
	slot->key[sizeof(slot->key) - 1] = '\0';
	slot->principal[sizeof(slot->principal) - 1] = '\0';
}

/*
 * A connection that is sent away has left AUTH, too, and is not logged in:
 * whoever lingers there counts among the unauthenticated until it is gone.
 */
bool
connection_logged_in(const struct connection *c)
{
	const struct slot *slot = &c->generation->slots[c->slot];

	return __atomic_load_n(&slot->state, __ATOMIC_RELAXED) >=
	    STATE_OPENING &&
	    __atomic_load_n(&slot->since, __ATOMIC_RELAXED) != 0;
}

/* The audit speaks of this connection until audit_forget_connection(). */
void
connection_audit(const struct connection *c)
{
	char id[AUDIT_CONN_ID_SIZE];
	struct slot slot;

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)c->id);
	audit_set_connection(id, &c->source, &c->local);
	audit_set_proxy(&c->proxy);
	if (c->is_selftest)
		audit_set_selftest();
	connection_slot(c, &slot);
	if (slot.user[0] != '\0' && slot.since != 0)
		audit_set_user(slot.user, slot.uid);
	else if (slot.user[0] != '\0')
		audit_set_requested(slot.user, true);
	audit_set_generation(c->generation->number);
}

static void
close_pidfd(struct loop_fd *watched, int *pidfd)
{
	loop_fd_remove(watched);
	if (*pidfd >= 0)
		close(*pidfd);
	*pidfd = -1;
}

void
connection_kill(struct connection *c, const char *why)
{
	log_verbose(
	    "connection %016llx: ended: %s", (unsigned long long)c->id, why);
	if (c->client >= 0) {
		lobby_end(c, "killed", why);
		return;
	}
	/* The monitor notices, and closes what is open in order. */
	connection_cut(c);
}

void
connection_drop_selftest(struct connection *c)
{
	if (c->selftest == NULL)
		return;
	close(c->selftest->report);
	free(c->selftest);
	c->selftest = NULL;
}

void
connection_forget(struct master *m, struct connection *c)
{
	struct generation *g = c->generation;

	if (c->gone)
		return;
	judging_forget(m, c);
	if (c->next != NULL)
		c->next->previous = c->previous;
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		m->connections = c->next;
	m->n_connections--;
	connection_drop_selftest(c);
	memset(&g->slots[c->slot], 0, sizeof(g->slots[c->slot]));
	close_pidfd(&c->on_monitor, &c->monitor_pidfd);
	close_pidfd(&c->on_worker, &c->worker_pidfd);
	c->gone = true;
	c->next_gone = m->gone;
	m->gone = c;
	g->connections--;
	if (c->workers != NULL)
		c->workers->serving--;
	listen_start(m); /* it may have waited for descriptors */
	if (m->options.inetd || (m->options.linger && m->n_connections == 0))
		master_end(m, m->exit_status);
}

static void
gone_if_both(struct master *m, struct connection *c)
{
	if (c->monitor_dead && c->worker_dead)
		connection_forget(m, c);
}

void
connection_monitor_born(struct connection *c, pid_t pid, int pidfd)
{
	close_pidfd(&c->on_monitor, &c->monitor_pidfd);
	c->monitor = pid;
	c->monitor_pidfd = pidfd;
}

void
connection_worker_born(struct connection *c, pid_t pid, int pidfd)
{
	/* Told twice is a lie, but not a descriptor each time. */
	close_pidfd(&c->on_worker, &c->worker_pidfd);
	c->worker = pid;
	c->worker_pidfd = pidfd;
	c->generation->slots[c->slot].worker = (uint32_t)pid;
}

bool
connection_is_orphan(const struct connection *c)
{
	return c->workers != NULL && c->workers->child.pid == 0;
}

void
connection_cut(const struct connection *c)
{
	if (c->worker_pidfd < 0 && connection_is_orphan(c))
		child_signal(c->monitor_pidfd, SIGKILL);
	else
		child_signal(c->worker_pidfd, SIGKILL);
}

void
connection_penalise(struct connection *c, enum offence offence)
{
	struct generation *g = c->generation;

	if (!c->lenient && !c->unserved)
		penalties_add(
		    g->master->penalties, g->config, &c->source, offence);
}

static enum offence
offence_of_exit(unsigned code)
{
	switch (code) {
	case EXIT_NO_AUTH:
		return OFFENCE_NO_AUTH;
	case EXIT_AUTH_FAILED:
		return OFFENCE_AUTH_FAILURE;
	case EXIT_INVALID_USER:
		return OFFENCE_INVALID_USER;
	case EXIT_REFUSED:
		return OFFENCE_REFUSED;
	case EXIT_VIOLATION:
		return OFFENCE_CRASH;
	default:
		return OFFENCE_NONE;
	}
}

/* Writes the logout that a monitor ended by force could not write. */
static void
write_logout(const struct connection *c, const struct slot *slot)
{
	const struct record_settings *s = &c->generation->config->records;
	struct record r = {.line = slot->line,
	    .user = slot->user,
	    .uid = slot->uid,
	    .pid = (pid_t)slot->utmp_pid,
	    .source = c->source,
	    .utmp = s->utmp,
	    .wtmp = s->wtmp};

	if (slot->utmp_pid != 0 && slot->line[0] != '\0')
		record_logout_apart(&r);
	if (slot->since != 0)
		AUDIT(logout, .tty = slot->line, .cause = "monitor ended");
}

/* In a module's call it is the module's fault, else the monitor's own. */
static void
tell_crash(const struct slot *slot, unsigned sig)
{
	const char *module = slot_call_module(slot->call, slot->detail);
	const char *detail = slot->detail[0] == '\0' ? NULL : slot->detail;
	const char *call =
	    slot->call == CALL_NONE ? NULL : slot_call_text(slot->call);
	char number[16];

	snprintf(number, sizeof(number), "%u", sig);
	if (module == NULL)
		AUDIT(monitor_crash, .signal = sig == 0 ? NULL : number,
		    .call = call, .detail = detail);
	else
		AUDIT(module_crash, .module = module,
		    .signal = sig == 0 ? NULL : number, .call = call,
		    .detail = detail == NULL || strcmp(detail, module) == 0 ?
			NULL :
			detail);
}

static void
monitor_failed(struct master *m, struct connection *c, unsigned sig)
{
	struct slot slot;

	connection_slot(c, &slot);
	connection_audit(c);
	if (sig == 0 && slot.call == CALL_NONE) {
		m->stats.monitor_crashes++; /* it has said why itself */
	} else if (sig != SIGKILL || !c->ended_by_us) {
		m->stats.monitor_crashes++;
		tell_crash(&slot, sig);
	}
	write_logout(c, &slot);
	/* The monitor did not write the end of its connection itself. */
	if (slot.ended == 0)
		AUDIT(conn_close,
		    .how = c->grace_exceeded ? "timeout" : "killed",
		    .cause = c->ended_by_us ? "ended by the master" :
			sig == 0	    ? "its monitor failed" :
					      "its monitor was killed",
		    .bytes_in = slot.bytes_in, .bytes_out = slot.bytes_out);
	audit_forget_connection();
}

void
connection_monitor_died(
    struct master *m, struct connection *c, unsigned code, unsigned sig)
{
	struct slot slot;
	enum offence offence =
	    c->grace_exceeded ? OFFENCE_GRACE_EXCEEDED : offence_of_exit(code);

	c->monitor_dead = true;
	c->monitor_gone_at = loop_now(m->loop);
	loop_fd_remove(&c->on_monitor);
	if (connection_is_orphan(c) && c->worker_pidfd < 0)
		c->worker_dead = true; /* or soon: its wall has closed */
	connection_slot(c, &slot);
	trial_saw_login(m, c, &slot); /* it may have been over in a second */
	ledger_take(c->id, &slot.heads, false);
	syslog_out_inherit(slot.log_untold);
	log_report_lost();
	/* A module that called exit() in a named call has crashed, too. */
	if (sig != 0 || slot.call != CALL_NONE ||
	    (slot.ended == 0 && c->monitor > 0))
		monitor_failed(m, c, sig);
	m->stats.exits[code & 15]++;
	m->stats.logins += slot.since != 0;
	m->stats.bytes_in += slot.bytes_in;
	m->stats.bytes_out += slot.bytes_out;
	slot_counts_add(&m->stats.counts, &slot.counts);
	connection_audit(c);
	if (offence != OFFENCE_NONE)
		connection_penalise(c, offence);
	else if ((code == EXIT_DONE || code == EXIT_SILENT) && sig == 0 &&
	    slot.since != 0 && !c->is_selftest)
		penalties_success(
		    m->penalties, c->generation->config, &c->source);
	if (code == EXIT_SILENT && sig == 0) {
		c->silent = true;
		/* No login of the user any more, for max_user_sessions. */
		c->generation->slots[c->slot].since = 0;
	}
	if (code == EXIT_VIOLATION)
		m->stats.violations++;
	audit_forget_connection();
	if (m->options.inetd && (code != 0 || sig != 0))
		m->exit_status = 255;
	gone_if_both(m, c);
}

void
connection_tell_heads(struct master *m)
{
	for (struct connection *c = m->connections; c != NULL; c = c->next)
		if (c->client < 0 && !c->monitor_dead)
			ledger_take(
			    c->id, &c->generation->slots[c->slot].heads, true);
}

static void
worker_crashed(struct master *m, struct connection *c, unsigned sig)
{
	struct generation *g = c->generation;
	char number[16];

	m->stats.worker_crashes++;
	connection_audit(c);
	snprintf(number, sizeof(number), "%u", sig);
	if (sig == SIGSYS)
		AUDIT(sandbox_violation, .component = "worker");
	else
		AUDIT(worker_crash, .component = "worker", .signal = number);
	connection_penalise(c, OFFENCE_CRASH);
	audit_forget_connection();
	if (!c->workers->retired && !g->retired)
		generation_replace_workers(
		    g, sig == SIGSYS ? "sandbox violation" : "crash");
}

void
connection_worker_died(
    struct master *m, struct connection *c, unsigned code, unsigned sig)
{
	c->worker_dead = true;
	c->worker_gone_at = loop_now(m->loop);
	close_pidfd(&c->on_worker, &c->worker_pidfd);
	if (sig != 0 && !c->ended_by_us && sig != SIGKILL && sig != SIGTERM)
		worker_crashed(m, c, sig);
	else if (code != 0 && !c->ended_by_us)
		log_verbose("worker of connection %016llx: exit status %u",
		    (unsigned long long)c->id, code);
	gone_if_both(m, c);
}

/* A template speaks of its own connections; of none that is not handed over. */
static struct connection *
of_template(const struct child *c, uint64_t id)
{
	struct connection *conn = connection_find(c->generation->master, id);

	if (conn == NULL || conn->generation != c->generation ||
	    conn->workers == NULL || conn->client >= 0)
		return NULL;
	if (c->role == ROLE_WORKERS && &conn->workers->child != c)
		return NULL;
	return conn;
}

int
on_born(struct child *child, struct wall_message *m)
{
	struct connection *c = of_template(child, m->born.connection);

	if (c == NULL)
		return 0;
	connection_monitor_born(c, (pid_t)m->born.pid, m->fds[0]);
	m->fds[0] = -1;
	return 0;
}

int
on_worker_born(struct child *child, struct wall_message *m)
{
	struct connection *c = of_template(child, m->worker_born.connection);

	if (c == NULL)
		return 0;
	connection_worker_born(c, (pid_t)m->worker_born.pid, m->fds[0]);
	m->fds[0] = -1;
	return 0;
}

int
on_died(struct child *child, struct wall_message *m)
{
	struct connection *c = of_template(child, m->died.connection);

	if (c != NULL)
		connection_monitor_died(
		    child->generation->master, c, m->died.code, m->died.signal);
	return 0;
}

int
on_worker_died(struct child *child, struct wall_message *m)
{
	struct connection *c = of_template(child, m->worker_died.connection);

	if (c != NULL)
		connection_worker_died(child->generation->master, c,
		    m->worker_died.code, m->worker_died.signal);
	return 0;
}

/* ---- after the end of a template ---- */

/* It left its exit code in its slot, or was killed. */
static void
on_monitor_gone(int fd, unsigned events, void *arg)
{
	struct connection *c = arg;
	uint32_t ended = c->generation->slots[c->slot].ended;

	(void)fd;
	(void)events;
	connection_monitor_died(c->generation->master, c,
	    ended != 0 ? ended - 1 : 0, ended != 0 ? 0 : SIGKILL);
}

/* Nobody knows of what it died. */
static void
on_worker_gone(int fd, unsigned events, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)events;
	connection_worker_died(c->generation->master, c, 0, 0);
}

static bool
watch(struct connection *c, struct loop_fd *h, int pidfd, loop_fd_fn *fn)
{
	return pidfd >= 0 &&
	    (h->loop != NULL ||
		loop_fd_add(c->generation->master->loop, h, pidfd, LOOP_READ,
		    fn, c) == 0);
}

void
connection_watch_orphan(struct connection *c)
{
	struct master *m = c->generation->master;

	if (c->gone || c->workers == NULL || c->client >= 0)
		return;
	/* A worker whose pidfd is not known ends with its monitor. */
	if (!c->worker_dead && connection_is_orphan(c) &&
	    c->worker_pidfd >= 0 &&
	    !watch(c, &c->on_worker, c->worker_pidfd, on_worker_gone)) {
		child_signal(c->monitor_pidfd, SIGKILL);
		connection_worker_died(m, c, 0, 0);
	}
	if (!c->monitor_dead && c->generation->monitors.pid == 0 &&
	    !watch(c, &c->on_monitor, c->monitor_pidfd, on_monitor_gone)) {
		child_signal(c->worker_pidfd, SIGKILL);
		connection_monitor_died(m, c, 0, SIGKILL);
	}
}

void
connection_watch_orphans(struct master *m)
{
	struct connection *c, *next;

	for (c = m->connections; c != NULL; c = next) {
		next = c->next;
		connection_watch_orphan(c);
	}
}
