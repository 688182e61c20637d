/*
 * The course of one connection's monitor: its loop, what it sends, how it
 * waits while a module converses, and its end.
 */
#include "daemon/monitor/monitor.h"

#include "daemon/monitor/auth.h"
#include "daemon/monitor/close.h"
#include "daemon/monitor/health.h"
#include "daemon/monitor/key_record.h"
#include "daemon/monitor/linux_audit.h"
#include "daemon/monitor/recheck.h"
#include "daemon/monitor/selftest.h"
#include "daemon/monitor/sessions.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/syslog_out.h"
#include "privsep/die.h"
#include "privsep/spawn.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/signalfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines of a worker that are passed on, per connection. */
#define WORKER_LINES 200
/* After a disconnect was ordered, the worker has this long to leave. */
#define CLOSING_MS 5000
/* Quiet for so long, a monitor gives free memory back: once in each state. */
#define TRIM_MS 2000
/*
 * A slow syslog is waited for at each record, so that the connection does not
 * run ahead of its log, and longer before the end; one that stands still costs
 * a login the first once, and the end of a connection the second.
 */
#define LOG_RECORD_MS 2000
#define LOG_END_MS    10000
#define LOG_AGAIN_MS  100

static void
violation(void *arg, enum wall_type type, int err)
{
	struct monitor *m = arg;

	if (m->ended)
		return;
	AUDIT(wall_violation, .reason = err_text(err),
	    .message = wall_name(type), .state = close_state_name(m->state));
	m->exit_code = EXIT_VIOLATION;
	m->ended = true;
}

/* It has taken nothing for longer than any honest one needs. */
static void
worker_stalled(struct monitor *m)
{
	snprintf(m->closing_cause, sizeof(m->closing_cause), "%s",
	    "the worker does not answer");
	m->ended = true;
}

void
monitor_send(struct monitor *m, const struct wall_message *message)
{
	int err = wall_refuses(PATH_MONITOR_WORKER, m->state, message->type, 0);

	/* Answers that come too late: the worker has been let go, or ordered
	 * to leave while the session process was still at it. */
	if (m->worker.fd < 0 || m->worker_gone ||
	    (err != 0 && m->state == STATE_CLOSING))
		return;
	if (err != 0)
		bug("monitor sends %s in state %u", wall_name(message->type),
		    m->state);
	err = wall_send(&m->worker, message);
	/* One that has left may have said why: what it said last is still to
	 * be read, and its end is found there. */
	if (err == E_LIMIT) {
		worker_stalled(m);
	} else if (err != 0 && err != E_CLOSED) {
		log_error("cannot send %s to the worker: %s",
		    wall_name(message->type), err_text(err));
		m->ended = true;
	}
}

/* The table says in which states it is legal. */
static int
judge(void *arg, struct wall_message *message)
{
	struct monitor *m = arg;
	uint32_t seen = m->worker.seen[message->type];
	int err =
	    wall_refuses(PATH_WORKER_MONITOR, m->state, message->type, seen);

	/* It was on its way when we ordered the end: too late, but no lie. */
	if (err == E_STATE && m->closing_since != 0 &&
	    wall_refuses(
		PATH_WORKER_MONITOR, m->closing_from, message->type, seen) == 0)
		return E_AGAIN;
	return err;
}

PEER_HANDLE(WORKER_MONITOR)
static const struct peer from_worker = {
    .handle = peer_WORKER_MONITOR, .judge = judge, .broke = violation};

static int
receive(struct monitor *m, struct wall_message *message)
{
	int err = peer_take(&from_worker, &m->worker, m, message);

	if (err == E_CLOSED)
		m->worker_gone = true;
	return err;
}

static void
handle(struct monitor *m, struct wall_message *message)
{
	(void)peer_handle(&from_worker, &m->worker, m, message);
}

static void
worker_readable(struct monitor *m)
{
	struct wall_message message;

	if (receive(m, &message) == 0)
		handle(m, &message);
	/* A message that arrived during a module's conversation and was not
	 * part of it. */
	while (m->has_kept && !m->ended) {
		enum wall_type type = m->kept.type;
		int err = 0;

		message = m->kept;
		m->has_kept = false;
		/* The login has happened since it came: it is judged again.
		 * Before that the handlers know what they did not ask for. */
		if (m->state >= STATE_OPENING)
			err = wall_refuses(PATH_WORKER_MONITOR, m->state, type,
			    m->worker.seen[type]);
		if (err == 0) {
			handle(m, &message);
			continue;
		}
		wall_done(&m->worker, &message);
		if (m->state != STATE_CLOSING)
			violation(m, type, err);
	}
}

/*
 * The events to poll for at the worker's wall.  Its messages cause others, to
 * itself and to the session process: while too many of those wait, it is not
 * read.
 */
static short
worker_events(const struct monitor *m)
{
	short events = wall_queue_waiting(&m->worker) ? POLLOUT : 0;

	if (!wall_queue_full(&m->worker) && !wall_queue_full(&m->session))
		events |= POLLIN;
	return events;
}

/* Until the worker has said something, or has gone; it is told what waits. */
static void
await_worker(struct monitor *m)
{
	struct pollfd p;

	do {
		p = (struct pollfd){.fd = m->worker.fd, .events = POLLIN};
		if (wall_queue_waiting(&m->worker))
			p.events |= POLLOUT;
		if (poll(&p, 1, syslog_out_waiting() ? LOG_AGAIN_MS : -1) < 0 &&
		    errno != EINTR)
			die_errno("poll");
		if (syslog_out_waiting())
			syslog_out_flush();
		if ((p.revents & POLLOUT) != 0)
			(void)wall_queue_flush(&m->worker);
	} while ((p.revents & ~POLLOUT) == 0);
}

int
monitor_wait(struct monitor *m, const enum wall_type *types,
    struct wall_message *message)
{
	if (m->has_kept)
		return E_STATE;
	for (;;) {
		if (m->worker_gone || m->ended)
			return E_CLOSED;
		await_worker(m);
		if (receive(m, message) != 0)
			return E_CLOSED;
		for (size_t i = 0; types[i] != MSG_nothing; i++)
			if (message->type == types[i])
				return 0;
		if (message->type != MSG_log && message->type != MSG_kex &&
		    message->type != MSG_newkeys && message->type != MSG_bye)
			break;
		handle(m, message);
	}
	m->kept = *message;
	m->has_kept = true;
	return E_STATE;
}

void
monitor_disconnect(struct monitor *m, uint32_t reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->closing_cause, sizeof(m->closing_cause), format, args);
	va_end(args);
	MONITOR_SEND(m, disconnect, .reason = reason, .text = m->closing_cause);
	if (m->state != STATE_CLOSING)
		m->closing_from = m->state;
	monitor_move(m, STATE_CLOSING);
	m->closing_since = loop_clock();
}

void
monitor_call(struct monitor *m, enum slot_call call, const char *detail)
{
	const struct deadline_settings *d = &m->template->config->deadlines;
	uint32_t seconds = slot_call_is_pam(call) ? d->pam : d->module;

	switch (call) {
	case CALL_NSS:
		seconds = d->nss;
		break;
	case CALL_KEY_SOURCE:
		seconds = d->key_command;
		break;
	case CALL_FILES:
		seconds = d->files;
		break;
	default:
		break;
	}
	snprintf(m->slot->detail, sizeof(m->slot->detail), "%s",
	    detail == NULL ? "" : detail);
	m->slot->call = call;
	m->call_began = loop_clock();
	selftest_call(m);
	__atomic_store_n(&m->slot->deadline,
	    seconds == CONFIG_NONE ? 0 : loop_clock() + seconds * 1000ULL,
	    __ATOMIC_RELEASE);
}

/* The histogram a call belongs to, or SLOT_TIME_COUNT. */
static enum slot_time
time_of_call(enum slot_call call)
{
	switch (call) {
	case CALL_NSS:
		return TIME_NSS;
	case CALL_KEY_SOURCE:
		return TIME_KEY_SOURCE;
	default:
		return slot_call_is_pam(call) ? TIME_PAM : SLOT_TIME_COUNT;
	}
}

void
monitor_call_done(struct monitor *m)
{
	enum slot_time what = time_of_call(m->slot->call);

	selftest_call_done(m);
	if (what != SLOT_TIME_COUNT)
		slot_took(m->slot, what, loop_clock() - m->call_began);
	__atomic_store_n(&m->slot->deadline, 0, __ATOMIC_RELEASE);
	m->slot->call = CALL_NONE;
}

void
monitor_relay(
    const struct monitor *m, const char *role, int level, const char *line)
{
	char sender[LOG_SENDER_MAX];

	snprintf(sender, sizeof(sender), "%s of %s", role, m->connection_id);
	log_relay(level, sender, line, strlen(line));
}

/* The handlers that belong to no step. */

int
on_log(struct monitor *m, struct wall_message *message)
{
	const struct msg_log *l = &message->log;

	if (m->worker.seen[MSG_log] <= WORKER_LINES)
		monitor_relay(m, "worker", l->level, l->line);
	return 0;
}

int
on_report(struct monitor *m, struct wall_message *message)
{
	const struct msg_report *r = &message->report;

	m->slot->channels = r->channels;
	m->slot->bytes_in = r->bytes_in;
	m->slot->bytes_out = r->bytes_out;
	m->slot->idle = r->idle;
	m->slot->rekeys = r->rekeys;
	m->slot->counts.log_lost = syslog_out_lost();
	return 0;
}

int
on_bye(struct monitor *m, struct wall_message *message)
{
	const struct msg_bye *b = &message->bye;

	m->bye.said = true;
	m->bye.cause = b->cause;
	m->bye.reason = b->reason;
	snprintf(m->bye.text, sizeof(m->bye.text), "%s", b->text);
	m->bye.bytes_in = b->bytes_in;
	m->bye.bytes_out = b->bytes_out;
	m->slot->bytes_in = b->bytes_in;
	m->slot->bytes_out = b->bytes_out;
	/* Its session is over, whenever the client hears of it. */
	if (b->cause == BYE_SILENT && m->state == STATE_OPEN) {
		m->exit_code = EXIT_SILENT;
		m->ended = true;
	}
	return 0;
}

/* A text of sallyportctl's for the user, in the slot. */
static void
tell_user(struct monitor *m)
{
	struct slot *s = m->slot;
	uint32_t number = __atomic_load_n(&s->message_number, __ATOMIC_ACQUIRE);
	char text[SLOT_MESSAGE_MAX + 1], *clean, *line;

	if (number == s->message_taken)
		return;
	memcpy(text, s->message, sizeof(text));
	text[SLOT_MESSAGE_MAX] = '\0';
	__atomic_store_n(&s->message_taken, number, __ATOMIC_RELEASE);
	if (m->state != STATE_OPEN)
		return;
	clean = ask_clean(text, SLOT_MESSAGE_MAX);
	line = mem_printf("\r\nMessage from the administrator: %s\r\n", clean);
	MONITOR_SEND(m, say, .channel = UINT32_MAX, .text = line);
	free(clean);
	free(line);
}

static void
on_signals(struct monitor *m)
{
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGUSR1) {
			tell_user(m);
			recheck_asked(m);
		} else if (m->state != STATE_CLOSING)
			monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION,
			    "ended by the administrator");
}

/* A peer that does not read ends the connection, and nothing else. */
static uint64_t
until_patience_ends(struct monitor *m, uint64_t now)
{
	uint64_t worker = wall_queue_deadline(&m->worker);
	uint64_t session = session_deadline(m);

	if (worker <= now)
		worker_stalled(m);
	if (m->state != STATE_OPEN)
		session = UINT64_MAX;
	if (session <= now) {
		session_overdue(m);
		return 0;
	}
	if (session < worker)
		worker = session;
	return worker == UINT64_MAX || worker <= now ? worker : worker - now;
}

static int
wait_ms(struct monitor *m)
{
	uint64_t renewal = auth_renew_tickets(m), judge = recheck_tick(m);
	uint64_t until = sessions_tick(m), now = loop_clock();
	uint64_t patience = until_patience_ends(m, now);

	if (m->ended)
		return 0;

	if (m->closing_since != 0) {
		if (now - m->closing_since >= CLOSING_MS) {
			m->ended = true;
			return 0;
		}
		return (int)(CLOSING_MS - (now - m->closing_since));
	}
	if (patience < until)
		until = patience;
	if (renewal < until)
		until = renewal;
	if (judge < until)
		until = judge;
	if (syslog_out_waiting() && until > LOG_AGAIN_MS)
		until = LOG_AGAIN_MS;
	if (m->trimmed_in != m->state && until > TRIM_MS)
		until = TRIM_MS;
	return until > 3600000 ? 3600000 : (int)until;
}

static void
trim(struct monitor *m)
{
	if (m->trimmed_in != m->state)
		mem_trim();
	m->trimmed_in = m->state;
}

static void
turn(struct monitor *m)
{
	struct pollfd fds[5] = {
	    {.fd = m->worker.fd, .events = worker_events(m)},
	    {.fd = m->signals, .events = POLLIN},
	    {.fd = m->session.fd, .events = session_events(m)},
	    {.fd = m->sessions->recorders, .events = POLLIN},
	};
	int wait = wait_ms(m), n;

	fds[4] = (struct pollfd){.fd = recheck_fd(m), .events = POLLIN};
	n = poll(fds, 5, wait);

	if (n < 0 && errno != EINTR)
		die_errno("poll");
	if (syslog_out_waiting())
		syslog_out_flush();
	if (n == 0)
		trim(m);
	if ((fds[0].revents & POLLOUT) != 0)
		(void)wall_queue_flush(&m->worker);
	if ((fds[2].revents & POLLOUT) != 0)
		(void)wall_queue_flush(&m->session);
	/* The end of one is told whether it is read from or not. */
	if ((fds[0].revents & ~POLLOUT) != 0)
		worker_readable(m);
	if ((fds[2].revents & ~POLLOUT) != 0 && m->session.fd >= 0)
		session_readable(m);
	if (fds[3].revents != 0)
		recorders_readable(m);
	if (fds[4].revents != 0 && recheck_fd(m) == fds[4].fd &&
	    recheck_readable(m))
		forwards_narrow(m);
	if (fds[1].revents != 0)
		on_signals(m);
}

static int
exit_code(struct monitor *m)
{
	if (m->exit_code != EXIT_DONE)
		return m->exit_code;
	if (health_was_check(m))
		return EXIT_HEALTH;
	if (m->slot->since != 0)
		return EXIT_DONE;
	if (m->bye.said && m->bye.cause == BYE_PROTOCOL_ERROR)
		return EXIT_PROTOCOL;
	return auth_exit_code(m);
}

static void
start(struct monitor *m, const struct monitor_template *t,
    struct wall_message *serve)
{
	const struct msg_serve *s = &serve->serve;
	sigset_t set;

	m->template = t;
	m->trimmed_in = STATE_COUNT;
	m->connection = s->connection;
	snprintf(m->connection_id, sizeof(m->connection_id), "%016llx",
	    (unsigned long long)s->connection);
	snprintf(m->listener, sizeof(m->listener), "%s", s->listener);
	m->offer = &t->settings->offers[settings_offer(t->config, m->listener)];
	if (net_parse(s->source, &m->source) != 0)
		memset(&m->source, 0, sizeof(m->source));
	if (net_parse(s->local, &m->local) != 0)
		memset(&m->local, 0, sizeof(m->local));
	m->source.port = m->source_port = (uint16_t)s->source_port;
	m->local.port = m->local_port = (uint16_t)s->local_port;
	if (s->slot >= SLOTS_MAX)
		die("slot %u", s->slot);
	m->slot = &t->slots[s->slot];
	syslog_out_show(&m->slot->log_untold);
	syslog_out_patience(LOG_RECORD_MS);
	snprintf(m->slot->source, sizeof(m->slot->source), "%s", s->source);
	m->client_fd = serve->fds[0];
	if (s->selftest_key.len != 0)
		selftest_begin(m, s, serve->fds[1]);
	else
		close(serve->fds[1]);
	wall_init(&m->worker, serve->fds[2], PATH_MONITOR_WORKER,
	    PATH_WORKER_MONITOR);
	wall_init(&m->keyholder, serve->fds[3], PATH_MONITOR_KEYHOLDER,
	    PATH_KEYHOLDER_MONITOR);
	wall_init(&m->session, -1, PATH_MONITOR_SESSION, PATH_SESSION_MONITOR);
	m->began = loop_clock();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    (m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		die_errno("signalfd");
}

/* By what the module is: its name in the configuration is free. */
static bool
asks_pam(const char *module, const void *arg)
{
	const struct monitor_template *t = arg;

	for (size_t i = 0; i < t->n_modules; i++)
		if (strcmp(t->modules[i].settings->name, module) == 0)
			return strcmp(t->modules[i].module->name, "pam") == 0;
	return false;
}

void
monitor_run(const struct monitor_template *t, struct wall_message *serve)
{
	struct monitor *m = mem_zalloc(sizeof(*m));
	enum close_account account;
	int code;

	start(m, t, serve);
	title_set("monitor %s", m->slot->source);
	linux_audit_begin(asks_pam, t, &m->slot->worker);
	health_begin(m, &serve->serve);
	auth_init(m);
	sessions_init(m);
	while (!m->ended && !m->worker_gone)
		turn(m);
	/* The worker goes first: it must not see its programs end one by one
	 * when the connection is over. */
	wall_free(&m->worker);
	forwards_close(m);
	sessions_close(m);
	account = auth_account_end(m);
	close_audit_timeout(m);
	recheck_end(m);
	auth_close(m);
	if (health_was_check(m)) {
		log_debug("a health check has left");
	} else {
		health_tell(m);
		close_audit(m, account);
	}
	key_record_finish();
	linux_audit_finish();
	syslog_out_drain(LOG_END_MS);
	m->slot->counts.log_lost = syslog_out_lost();
	code = exit_code(m);
	/* For a master that cannot wait for us, as our template has gone. */
	m->slot->ended = (uint32_t)code + 1;
	_exit(code);
}
