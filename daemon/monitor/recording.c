/*
 * Starting recorders, their orders, and their ends.
 */
#include "daemon/monitor/recording.h"

#include "config/recording.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/statedir.h"
#include "privsep/drop.h"
#include "privsep/errand.h"
#include "privsep/pipes.h"
#include "privsep/selinux.h"
#include "privsep/session_exec.h"
#include "privsep/spawn.h"
#include "privsep/wall_queue.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Between worker and recorder: little of what a terminal shows is on its way.
 */
#define STREAM_BYTES (32 * 1024)

const char *
recording_prepare(struct monitor_template *t)
{
	const char *account = t->config->privsep.recorder_user;
	int err;

	if (!config_records(t->config))
		return NULL;
	if (drop_account(account, &t->recorder_uid, &t->recorder_gid) != 0)
		return "privsep.recorder_user: no such system account (other "
		       "than root)";
	if ((err = recorder_exec_probe(SPAWN_RECORDER)) == 0)
		return NULL;
	return err == E_STATE ? RECORDER_PROGRAM
	    ": is of another version, or broken" :
				RECORDER_PROGRAM ": cannot be run";
}

bool
recording_wants_pty(const struct monitor *m)
{
	return m->decision->grants.record_pty;
}

bool
recording_wants(const struct monitor *m, const struct chan *c, bool sftp)
{
	if (c->tty[0] != '\0')
		return c->stream >= 0;
	return m->decision->grants.record_exec && !sftp;
}

void
recording_hold(struct monitor *m)
{
	struct sessions *s = m->sessions;
	const struct grants *g = &m->decision->grants;

	if ((!g->record_pty && !g->record_exec) || s->recordings_root >= 0)
		return;
	s->recordings_root =
	    statedir_open(m->template->config->recordings.directory);
	s->recordings_error = errno;
}

struct recording *
recording_find(const struct monitor *m, uint32_t channel)
{
	struct recording *r;

	for (r = m->sessions->recordings; r != NULL && r->channel != channel;
	     r = r->next)
		continue;
	return r;
}

/* ---- the beginning
 * ----------------------------------------------------------- */

static int
send_message(struct recording *r, struct wall_message *m)
{
	int err = wall_send(&r->wall, m);

	return err == 0 ? wall_queue_drain(&r->wall, RECORDING_MS) : err;
}

/* The other ends of its pipes: for the program, and for the worker. */
static int
send_output(struct recording *r, struct chan *c)
{
	int from[2] = {-1, -1}, to[2] = {-1, -1}, err;
	struct wall_message m = {.type = MSG_record_output};

	for (int i = 0; i < 2; i++) {
		int size = i == 0 ? PIPES_SIZE : 0;

		if ((err = pipes_output(&from[i], &c->program[1 + i], size)) !=
			0 ||
		    (err = pipes_output(&c->pipes[1 + i], &to[i], size)) != 0)
			break;
	}
	errno = err;
	if (err == 0) {
		m.fds[0] = from[0];
		m.fds[1] = to[0];
		m.fds[2] = from[1];
		m.fds[3] = to[1];
		err = send_message(r, &m);
	} else {
		err = E_SYSTEM;
	}
	fd_close_all(from, 2);
	fd_close_all(to, 2);
	return err;
}

/* Input that is not recorded does not pass through the recorder. */
static int
send_input(struct recording *r, struct chan *c, bool recorded, bool reset)
{
	struct wall_message m = {
	    .type = MSG_record_input, .fds = {-1, -1, -1, -1}};
	int err;

	if (!recorded) {
		errno = pipes_input(&c->pipes[0], &c->program[0], reset);
		return errno == 0 ? 0 : E_SYSTEM;
	}
	if ((errno = pipes_input(&c->pipes[0], &m.fds[0], reset)) != 0)
		return E_SYSTEM;
	errno = pipes_input(&m.fds[1], &c->program[0], reset);
	err = errno == 0 ? send_message(r, &m) : E_SYSTEM;
	fd_close_all(m.fds, 2);
	return err;
}

/* A program may open /dev/stdout: its pipes are its user's. */
static int
give_to_user(const struct monitor *m, const struct chan *c)
{
	for (int i = 0; i < 3; i++)
		if (fchown(c->program[i], m->passwd.pw_uid, m->passwd.pw_gid) !=
		    0)
			return E_SYSTEM;
	return 0;
}

static int
send_streams(struct monitor *m, struct recording *r, struct chan *c)
{
	const struct grants *g = &m->decision->grants;
	struct wall_message terminal = {
	    .type = MSG_record_terminal, .fds = {c->master, c->stream, -1, -1}};
	int size = STREAM_BYTES, err;

	if (c->tty[0] == '\0') {
		if ((err = send_output(r, c)) != 0 ||
		    (err = send_input(r, c, g->record_input, g->reset_input)) !=
			0)
			return err;
		return give_to_user(m, c);
	}
	(void)setsockopt(c->stream, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	terminal.record_terminal.modes.data = c->modes.data;
	terminal.record_terminal.modes.len = c->modes.len;
	return send_message(r, &terminal);
}

static int
send_file(struct monitor *m, struct recording *r, const struct chan *c,
    const struct recording_start *s)
{
	struct wall_message file = {
	    .type = MSG_record_file, .fds = {-1, -1, -1, -1}};
	size_t len = 0;
	char *header;
	int err = E_SYSTEM;

	file.fds[0] = recording_create(m, c, r);
	if (file.fds[0] < 0)
		return E_SYSTEM;
	header = recording_header(m, c, s, r, &len);
	if (header != NULL) {
		file.record_file.max_size = m->decision->grants.record_max_size;
		file.record_file.header.data = (const uint8_t *)header;
		file.record_file.header.len = len;
		err = send_message(r, &file);
	}
	close(file.fds[0]);
	free(header);
	return err;
}

static int
send_begin(struct monitor *m, struct recording *r, const struct chan *c)
{
	char title[128];
	struct wall_message begin = {
	    .type = MSG_record_begin, .fds = {-1, -1, -1, -1}};
	struct msg_record_begin *b = &begin.record_begin;

	snprintf(title, sizeof(title), "%.100s channel %u", m->passwd.pw_name,
	    c->id);
	b->log_level = (uint8_t)(log_level() + 1);
	b->uid = m->template->recorder_uid;
	b->gid = m->template->recorder_gid;
	b->empty = m->template->config->privsep.empty_directory;
	b->title = title;
	b->input = m->decision->grants.record_input;
	b->required = r->required;
	return send_message(r, &begin);
}

static int
start_process(struct recording *r)
{
	int pair[2], err;

	if (wall_pair(pair) != 0)
		return E_SYSTEM;
	err =
	    recorder_exec(SPAWN_RECORDER, pair[1], selinux_enabled(), &r->pid);
	close(pair[1]);
	if (err == 0 && fd_set_nonblocking(pair[0]) != 0)
		err = E_SYSTEM;
	wall_init(
	    &r->wall, pair[0], PATH_MONITOR_RECORDER, PATH_RECORDER_MONITOR);
	return err;
}

static int
watch(struct monitor *m, struct recording *r)
{
	struct sessions *s = m->sessions;
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = r};

	if (s->recorders < 0)
		s->recorders = epoll_create1(EPOLL_CLOEXEC);
	if (s->recorders < 0 ||
	    epoll_ctl(s->recorders, EPOLL_CTL_ADD, r->wall.fd, &e) != 0)
		return E_SYSTEM;
	r->next = s->recordings;
	s->recordings = r;
	return 0;
}

/* It has told all, or is given up.  A disk may hold it in the kernel: it is
 * not waited for. */
void
recording_release(struct recording *r)
{
	int status;

	if (r->wall.fd >= 0)
		wall_free(&r->wall);
	if (r->pid > 0)
		(void)errand_bury(r->pid, &status);
	if (r->day >= 0)
		close(r->day);
	free(r->path);
	free(r);
}

static void
close_ends(struct chan *c)
{
	fd_close_all(c->program, 3);
	fd_close_all(c->pipes, 3);
	for (int i = 0; i < 3; i++)
		c->program[i] = c->pipes[i] = -1;
}

static const char *
reason(int err)
{
	return err == E_SYSTEM ? strerror(errno) : err_text(err);
}

/* A process with the streams. */
static int
begin_streams(struct recording *r, struct chan *c)
{
	int err = start_process(r);

	if (err == 0)
		err = send_begin(r->monitor, r, c);
	return err == 0 ? send_streams(r->monitor, r, c) : err;
}

/* In the order in which the recorder wants them. */
static int
begin(struct recording *r, struct chan *c, const struct recording_start *s,
    char *why, size_t size)
{
	const char *directory =
	    r->monitor->template->config->recordings.directory;
	struct wall_message go = {
	    .type = MSG_record_go, .fds = {-1, -1, -1, -1}};
	int err = begin_streams(r, c);

	if (err != 0) {
		snprintf(why, size, "the recorder cannot be started: %s",
		    reason(err));
		return err;
	}
	if ((err = send_file(r->monitor, r, c, s)) != 0) {
		snprintf(
		    why, size, "no file in %s: %s", directory, reason(err));
		if (r->required)
			return err;
		r->failed = true;
	}
	if ((err = send_message(r, &go)) != 0)
		snprintf(
		    why, size, "the recording cannot begin: %s", reason(err));
	return err;
}

/* The event; and nothing is left of one that has not begun. */
static int
tell_begun(struct recording *r, struct chan *c, int err, const char *why)
{
	if (c->stream >= 0)
		close(c->stream);
	c->stream = -1;
	if (err != 0 || r->failed)
		AUDIT(recording_failed, .channel = c->id, .path = r->path,
		    .reason = why, .required = r->required);
	else
		AUDIT(recording_start, .channel = c->id, .path = r->path,
		    .kind = r->kind);
	if (err == 0)
		return 0;
	close_ends(c);
	recording_release(r);
	return E_DENIED;
}

struct recording *
recording_open(struct monitor *m, struct chan *c,
    const struct recording_start *s, char *why, size_t size)
{
	struct recording *r = mem_zalloc(sizeof(*r));
	int err;

	r->monitor = m;
	r->channel = c->id;
	r->kind = s->kind;
	r->day = -1;
	r->wall.fd = -1;
	r->required = m->decision->grants.record_required;
	r->since = loop_clock();
	why[0] = '\0';
	if ((err = begin(r, c, s, why, size)) == 0)
		return r;
	(void)tell_begun(r, c, err, why);
	return NULL;
}

int
recording_begin(
    struct recording *r, struct chan *c, int err, char *why, size_t size)
{
	if (err != 0 || (r->required && r->trouble[0] != '\0')) {
		snprintf(why, size, "the recording cannot begin: %s",
		    err != 0 ? reason(err) : r->trouble);
		err = E_SYSTEM;
	} else if ((err = watch(r->monitor, r)) != 0) {
		snprintf(why, size, "%s", reason(err));
	} else if (r->trouble[0] != '\0') {
		snprintf(why, size, "%s", r->trouble);
		r->failed = true;
	}
	return tell_begun(r, c, err, why);
}

/* ---- orders
 * ------------------------------------------------------------------ */

/* It is told what waits for it as soon as it reads again. */
static void
watch_queue(struct recording *r)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = r};

	if (wall_queue_waiting(&r->wall))
		e.events |= EPOLLOUT;
	if (epoll_ctl(r->monitor->sessions->recorders, EPOLL_CTL_MOD,
		r->wall.fd, &e) != 0)
		log_debug("recorder: epoll: %s", strerror(errno));
}

/* No order waits for another but those that end it: it may stand still as its
 * disk does.  Of sizes the last alone is kept. */
static void
flush(struct recording *r)
{
	const struct msg_window *w = &r->size;

	(void)wall_queue_flush(&r->wall);
	if (r->stalled && !wall_queue_waiting(&r->wall)) {
		r->stalled = false;
		(void)WALL_SEND(&r->wall, record_size, .columns = w->columns,
		    .rows = w->rows, .width = w->width, .height = w->height);
	}
	watch_queue(r);
}

void
recording_resize(struct monitor *m, const struct msg_window *w)
{
	struct recording *r = recording_find(m, w->channel);

	if (r == NULL || r->wall.fd < 0)
		return;
	r->size = *w;
	r->stalled = true;
	flush(r);
}

void
recording_program_ended(
    struct monitor *m, uint32_t channel, uint32_t status, uint32_t signal)
{
	struct recording *r = recording_find(m, channel);
	const char *name = signal != 0 ? sigabbrev_np((int)signal) : "";
	char number[16];

	if (r == NULL || r->wall.fd < 0)
		return;
	snprintf(number, sizeof(number), "%u", signal);
	flush(r);
	(void)WALL_SEND(&r->wall, record_ended, .status = status,
	    .signal = name != NULL ? name : number);
	watch_queue(r);
}

void
recording_close(struct monitor *m, uint32_t channel, bool last)
{
	struct recording *r = recording_find(m, channel);

	if (r == NULL || r->wall.fd < 0)
		return;
	flush(r);
	(void)WALL_SEND(&r->wall, record_close, .last = last);
	watch_queue(r);
}

int
recordings_fd(const struct monitor *m)
{
	return m->sessions->recorders;
}

struct recording *
recordings_ready(struct monitor *m)
{
	struct epoll_event e;

	if (epoll_wait(m->sessions->recorders, &e, 1, 0) != 1)
		return NULL;
	flush(e.data.ptr);
	return e.data.ptr;
}

/* ---- the end
 * ----------------------------------------------------------------- */

static void
forget(struct monitor *m, struct recording *r)
{
	struct recording **at = &m->sessions->recordings;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

static void
audit_end(const struct recording *r, const struct msg_recorded *t)
{
	char head[65] = "";

	for (size_t i = 0; i < t->head.len && i < 32; i++)
		snprintf(&head[2 * i], 3, "%02x", t->head.data[i]);
	AUDIT(recording_end, .channel = r->channel, .path = r->path,
	    .bytes_written = t->bytes, .blocks = t->blocks, .head = head,
	    .reason = t->end, .duration_ms = loop_clock() - r->since);
}

void
recording_over(
    struct monitor *m, struct recording *r, const struct msg_recorded *told)
{
	forget(m, r);
	if (r->path == NULL)
		return;
	if (told != NULL)
		audit_end(r, told);
	else
		AUDIT(recording_failed, .channel = r->channel, .path = r->path,
		    .reason = "the recorder has gone", .required = r->required);
}
