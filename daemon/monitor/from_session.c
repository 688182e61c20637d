/*
 * News from the session process.  It runs as the user and is believed no
 * further: what it says goes into the audit and to nobody's rights.  And from
 * recorders, which may end what they were to record.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
#include "daemon/monitor/files.h"
#include "daemon/monitor/recording.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ssh/sshsig.h"
#include "privsep/die.h"
#include "privsep/wall_queue.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* At the end, programs have this long after their hang-up. */
#define FINISH_MS 3000
/* Lines of a session that are passed on. */
#define SESSION_LINES 200

/* It cannot serve: the administrator is told what to mend, the user whom. */
static void
in_trouble(struct monitor *m, const char *trouble)
{
	static const char about[] =
	    "This account is not set up right: please tell the administrator";
	char sentence[160], reason[WALL_TEXT_MAX + 64];

	snprintf(
	    reason, sizeof(reason), "the administrator must mend %s", trouble);
	AUDIT(session_failed, .reason = reason);
	snprintf(sentence, sizeof(sentence), "%s (incident %.8s)", about,
	    audit_context()->conn);
	for (struct chan *c = m->sessions->chans; c != NULL; c = c->next)
		if (c->kind == CHAN_SESSION && c->started && !c->ended)
			chan_cancel(m, c, STATUS_NO_SESSION, sentence);
	sessions_over(m, sentence);
}

int
on_session_ready(struct monitor *m, struct wall_message *message)
{
	leftovers_leave(&m->sessions->place);
	m->sessions->ready_by = 0;
	if (message->session_ready.trouble[0] != '\0')
		in_trouble(m, message->session_ready.trouble);
	return 0;
}

uint64_t
session_deadline(const struct monitor *m)
{
	uint64_t orders = wall_queue_deadline(&m->session);
	uint64_t ready = m->sessions->ready_by;

	return ready != 0 && ready < orders ? ready : orders;
}

void
session_overdue(struct monitor *m)
{
	const struct sessions *s = m->sessions;

	if (s->ready_by != 0)
		AUDIT(call_deadline, .call = slot_call_text(CALL_FILES),
		    .component = m->decision->grants.chroot,
		    .process = (uint64_t)s->pid,
		    .duration_ms =
			m->template->config->deadlines.files * 1000ULL);
	monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION,
	    "the session process does not answer");
}

int
on_ran(struct monitor *m, struct wall_message *message)
{
	const struct msg_ran *r = &message->ran;
	struct chan *c = chan_find(m, r->channel);

	/* The channel may have gone meanwhile, as its client knows already. */
	if (r->error != 0)
		log_info("channel %u: the program could not be started: %s",
		    r->channel, strerror((int)r->error));
	if (c == NULL)
		return 0;
	c->pid = (pid_t)r->pid;
	if (r->error != 0 && !c->ended) {
		c->ended = true;
		chan_logout(m, c, "not started");
	}
	return 0;
}

/*
 * The event tells how many bytes the channel carried, which is known when it is
 * closed: after the program's end (chan_remove), or before it.
 */
int
on_ended(struct monitor *m, struct wall_message *message)
{
	const struct msg_ended *e = &message->ended;
	struct chan *c = chan_find(m, e->channel);
	struct orphan *o = c == NULL ? chan_take_orphan(m, e->channel) : NULL;

	if (o != NULL) {
		chan_audit_exit(
		    &(const struct program_end){.channel = e->channel,
			.pid = o->pid,
			.status = e->status,
			.signal = e->signal,
			.ran_ms = loop_clock() - o->since,
			.bytes_in = o->bytes_in,
			.bytes_out = o->bytes_out});
		free(o);
	}
	recording_program_ended(m, e->channel, e->status, e->signal);
	if (c == NULL || c->ended)
		return 0;
	c->ended = true;
	c->status = e->status;
	c->signal = e->signal;
	c->ran_ms = loop_clock() - c->since;
	chan_logout(m, c, "exit");
	return 0;
}

int
on_session_log(struct monitor *m, struct wall_message *message)
{
	const struct msg_session_log *l = &message->session_log;

	if (m->session.seen[MSG_session_log] <= SESSION_LINES)
		monitor_relay(m, "session", l->level, l->line);
	return 0;
}

int
on_file_event(struct monitor *m, struct wall_message *message)
{
	(void)m;
	audit_file_event(&message->file_event);
	return 0;
}

/* Its user's file server may hold it in the kernel: it is not waited for. */
static void
bury(struct monitor *m, int *status)
{
	struct sessions *s = m->sessions;

	if (errand_bury(s->pid, status)) {
		leftovers_leave(&s->place);
		return;
	}
	if (s->ready_by != 0)
		leftovers_give_up(&s->place);
	else
		leftovers_add(m->passwd.pw_uid, s->pid);
}

/* Gone: killed by the user, crashed, or asked to. */
static void
session_gone(struct monitor *m)
{
	int status;

	wall_free(&m->session);
	m->session.fd = -1;
	bury(m, &status);
	m->sessions->ready_by = 0;
	if (WIFSIGNALED(status))
		log_info(
		    "the session process ended by signal %d", WTERMSIG(status));
	if (m->state == STATE_OPEN)
		monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION, "%s",
		    m->sessions->over[0] != '\0' ?
			m->sessions->over :
			"the session process has gone");
}

void
session_order(struct monitor *m, const struct wall_message *message)
{
	int err;

	if (m->session.fd < 0)
		return;
	err = wall_send(&m->session, message);
	if (err == 0 || err == E_CLOSED)
		return;
	if (err == E_LIMIT) {
		/* It has not read for long: stopped by its user. */
		monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION,
		    "the session process does not answer");
		return;
	}
	if (err == E_TOO_LARGE) {
		/* A command and an environment of the largest size each. */
		monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION,
		    "the request is too large");
		return;
	}
	bug("order %s: %s", wall_name(message->type), err_text(err));
}

/*
 * Its messages cause others to the worker: while too many of those wait, it is
 * not read.
 */
short
session_events(const struct monitor *m)
{
	short events = wall_queue_waiting(&m->session) ? POLLOUT : 0;

	return wall_queue_full(&m->worker) ? events : (short)(events | POLLIN);
}

/* Wait for a message of it, ms at most; it is told what waits. */
static bool
await_session(struct monitor *m, uint64_t ms)
{
	struct pollfd p = {.fd = m->session.fd, .events = POLLIN};

	if (wall_queue_waiting(&m->session))
		p.events |= POLLOUT;
	if (poll(&p, 1, (int)ms) <= 0)
		return false;
	if ((p.revents & POLLOUT) != 0)
		(void)wall_queue_flush(&m->session);
	return (p.revents & ~POLLOUT) != 0;
}

/* File events come in bursts. */
#define BURST 32

static bool
hears_more(void *arg, enum wall_type last)
{
	const struct monitor *m = arg;

	return last == MSG_nothing || (last == MSG_file_event && !m->ended);
}

PEER_HANDLE(SESSION_MONITOR)
static const struct peer from_session = {
    .handle = peer_SESSION_MONITOR, .turn = BURST, .more = hears_more};

void
session_readable(struct monitor *m)
{
	int err = peer_read(&from_session, &m->session, m);

	if (err == 0 || err == E_AGAIN)
		return;
	if (err != E_CLOSED) {
		AUDIT(wall_violation, .reason = err_text(err),
		    .message = "session");
	}
	session_gone(m);
}

/* A listener is made in no time, unless the user has stopped the process. */
#define BINDING_MS 5000

static bool
binding_pending(struct monitor *m, uint32_t channel)
{
	for (struct binding *b = m->sessions->bindings; b != NULL; b = b->next)
		if (!b->bound && b->channel == channel &&
		    (b->kind == BIND_AGENT || b->kind == BIND_X11))
			return true;
	return false;
}

void
session_await_bindings(struct monitor *m, uint32_t channel)
{
	uint64_t until = loop_clock() + BINDING_MS, now;

	while (m->session.fd >= 0 && binding_pending(m, channel) &&
	    (now = loop_clock()) < until)
		if (await_session(m, until - now))
			session_readable(m);
}

/*
 * The client has gone or was lost: programs without a terminal may go on.  Any
 * other end is the server's (the administrator's, by policy, a fault), and
 * leaves none that does not ask for it.
 */
static bool
client_was_lost(const struct monitor *m)
{
	return m->closing_since == 0 && m->bye.said &&
	    m->bye.cause != BYE_ORDERED && m->bye.cause != BYE_IDLE &&
	    m->bye.cause != BYE_UNUSED;
}

/* ---- recorders
 * --------------------------------------------------------------- */

#undef PEER_CONTEXT
#define PEER_CONTEXT struct recording
WALL_RECORDER_MONITOR(PEER_DECLARE_STATIC)

/* Once the programs have been hung up, files are finished within this. */
#define RECORDERS_MS 10000

/* Ends a session that must be recorded when its recording has failed. */
static void
end_unrecorded(struct monitor *m, const struct recording *r)
{
	static const char text[] =
	    "This session must be recorded, and cannot be any more: it ends.";
	struct chan *c = chan_find(m, r->channel);

	if (c == NULL || !r->required)
		return;
	MONITOR_SEND(m, cancelled, .channel = c->id, .status = STATUS_REFUSED,
	    .text = text);
	SESSION_ORDER(m, kill, .channel = c->id, .signal = SIGHUP);
	SESSION_ORDER(m, kill, .channel = c->id, .signal = SIGCONT);
	/* Not before: its number is this session's until then. */
	chan_logout(m, c, "closed");
	if (c->master >= 0)
		close(c->master);
	c->master = -1;
}

static void
record_failed(struct monitor *m, struct recording *r, const char *reason)
{
	if (!r->failed)
		AUDIT(recording_failed, .channel = r->channel, .path = r->path,
		    .reason = reason, .required = r->required);
	r->failed = true;
	end_unrecorded(m, r);
	if (r->required)
		recording_close(m, r->channel, false);
}

/* The signature is asked for before the manifest says that there is one; the
 * manifest is written last, as it is what says that all is there. */
static int
write_manifest(
    struct monitor *m, struct recording *r, const struct msg_recorded *told)
{
	size_t len = 0;
	char *text = recording_manifest(m, r, told, NULL, &len);
	struct buf signature;
	int err;

	buf_init(&signature, SSHSIG_TEXT_MAX);
	monitor_call(m, CALL_KEYHOLDER, "attest");
	err =
	    text == NULL ? E_SYSTEM : recording_sign(m, text, len, &signature);
	monitor_call_done(m);
	monitor_call(m, CALL_FILES, r->path);
	if (err == 0)
		err = recording_keep(r, "manifest.sig",
		    (const char *)signature.data, signature.len);
	if (err != 0) {
		log_error("%s: it is not signed: %s", r->path, err_text(err));
		free(text);
		text = recording_manifest(m, r, told, err_text(err), &len);
	}
	err =
	    text == NULL ? E_SYSTEM : recording_keep(r, "manifest", text, len);
	monitor_call_done(m);
	buf_free(&signature);
	free(text);
	return err;
}

static void
record_over(
    struct monitor *m, struct recording *r, const struct msg_recorded *told)
{
	if (told == NULL)
		end_unrecorded(m, r);
	recording_over(m, r, told);
	if (r->path != NULL && write_manifest(m, r, told) != 0)
		AUDIT(recording_failed, .channel = r->channel, .path = r->path,
		    .reason = strerror(errno), .required = r->required);
}

static void
give_up(struct monitor *m, struct recording *r)
{
	record_over(m, r, NULL);
	recording_release(r);
}

static int
on_recording(struct recording *r, struct wall_message *message)
{
	r->begun = true;
	snprintf(
	    r->trouble, sizeof(r->trouble), "%s", message->recording.trouble);
	return 0;
}

static int
on_record_failed(struct recording *r, struct wall_message *message)
{
	record_failed(r->monitor, r, message->record_failed.reason);
	return 0;
}

static int
on_recorded(struct recording *r, struct wall_message *message)
{
	record_over(r->monitor, r, &message->recorded);
	r->over = true;
	return 0;
}

static int
on_recorder_log(struct recording *r, struct wall_message *message)
{
	const struct msg_recorder_log *l = &message->recorder_log;

	monitor_relay(r->monitor, "recorder", l->level, l->line);
	return 0;
}

/* Nothing can fail or end that has not begun. */
static int
judge_recorder(void *arg, struct wall_message *message)
{
	const struct recording *r = arg;

	return r->begun || message->type == MSG_recording ||
		message->type == MSG_recorder_log ?
	    0 :
	    E_STATE;
}

static void
recorder_broke(void *arg, enum wall_type type, int err)
{
	(void)arg;
	AUDIT(wall_violation, .reason = err_text(err),
	    .message = type == MSG_nothing ? "recorder" : wall_name(type));
}

PEER_HANDLE(RECORDER_MONITOR)
static const struct peer from_recorder = {.handle = peer_RECORDER_MONITOR,
    .judge = judge_recorder,
    .broke = recorder_broke};

/* The first line is in the file, or r->trouble says why not. */
static int
await_recording(struct recording *r)
{
	uint64_t until = loop_clock() + RECORDING_MS, now;
	struct pollfd p = {.fd = r->wall.fd, .events = POLLIN};
	int err = 0;

	while (!r->begun && (now = loop_clock()) < until) {
		if (poll(&p, 1, (int)(until - now)) <= 0)
			continue;
		err = peer_read(&from_recorder, &r->wall, r);
		if (err != 0 && err != E_AGAIN)
			return err;
	}
	return r->begun ? 0 : E_TIMEOUT;
}

int
recorder_begin(struct monitor *m, struct chan *c,
    const struct recording_start *s, char *why, size_t size)
{
	struct recording *r = recording_open(m, c, s, why, size);

	if (r == NULL)
		return E_DENIED;
	return recording_begin(r, c, await_recording(r), why, size);
}

/* One message, if there is any. */
void
recorders_readable(struct monitor *m)
{
	struct recording *r = recordings_ready(m);
	int err;

	if (r == NULL)
		return;
	err = peer_read(&from_recorder, &r->wall, r);
	if (r->over)
		recording_release(r);
	else if (err != 0 && err != E_AGAIN)
		give_up(m, r);
}

/* The last orders, and their answers. */
static void
recorders_close(struct monitor *m)
{
	uint64_t until = loop_clock() + RECORDERS_MS, now;
	struct pollfd p = {.fd = recordings_fd(m), .events = POLLIN};

	for (struct recording *r = m->sessions->recordings; r != NULL;
	     r = r->next)
		recording_close(m, r->channel, true);
	while (m->sessions->recordings != NULL && (now = loop_clock()) < until)
		if (poll(&p, 1, (int)(until - now)) > 0)
			recorders_readable(m);
	while (m->sessions->recordings != NULL)
		give_up(m, m->sessions->recordings);
}

/* ---- the end
 * ----------------------------------------------------------------- */

/* The connection has ended: hang up, wait a little, kill. */
void
sessions_close(struct monitor *m)
{
	struct sessions *s = m->sessions;
	uint64_t until = loop_clock() + FINISH_MS, now;
	int status;

	/* Terminals are hung up now, not when all is over. */
	for (struct chan *c = s->chans; c != NULL; c = c->next) {
		chan_logout(m, c, "closed");
		recording_close(m, c->id, false);
		if (c->master >= 0)
			close(c->master);
		c->master = -1;
	}
	if (m->session.fd >= 0) {
		/* One that still looks at its chroot has no programs. */
		if (s->ready_by != 0)
			until = 0;
		SESSION_ORDER(m, finish, .seconds = FINISH_MS / 1000,
		    .all = !client_was_lost(m));
		while (m->session.fd >= 0 && (now = loop_clock()) < until) {
			struct wall_message message;
			int err = E_AGAIN;

			if (await_session(m, until - now))
				err = peer_take(
				    &from_session, &m->session, m, &message);
			if (err == 0) {
				(void)peer_handle(
				    &from_session, &m->session, m, &message);
			} else if (err != E_AGAIN) {
				break;
			}
		}
		bury(m, &status);
		wall_free(&m->session);
	}
	if (s->exposed != NULL)
		(void)files_ask(m, ERRAND_REMOVE, s->exposed);
	free(s->exposed);
	s->exposed = NULL;
	recorders_close(m);
	while (s->chans != NULL)
		chan_remove(m, s->chans);
	while (s->orphans != NULL)
		free(chan_take_orphan(m, s->orphans->channel));
	while (s->bindings != NULL)
		binding_remove(m, s->bindings);
}
