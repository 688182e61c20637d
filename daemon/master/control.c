/*
 * The administrators' socket: root alone may open it, and who does is asked
 * of the kernel.  Few clients at a time, short requests, deadlines; nothing
 * here waits for anybody.
 */
#include "daemon/master/control.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* To send a request, and to take the answer. */
#define REQUEST_MS 5000
#define ANSWER_MS  20000

static struct control *
control_of(struct master *m)
{
	if (m->control == NULL) {
		m->control = mem_zalloc(sizeof(*m->control));
		m->control->fd = -1;
		m->control->since = (uint64_t)time(NULL);
	}
	return m->control;
}

/* ---- clients ---- */

static void
client_end(struct control_client *c)
{
	struct control *control = c->m->control;
	struct control_client **at = &control->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->next = control->gone;
	control->gone = c;
	control->n_clients--;
	loop_fd_remove(&c->on_fd);
	loop_timer_stop(&c->deadline);
	close(c->fd);
	if (c->pass >= 0)
		close(c->pass);
}

void
control_sweep(struct master *m)
{
	struct control_client *c;

	while (m->control != NULL && (c = m->control->gone) != NULL) {
		m->control->gone = c->next;
		buf_free(&c->answer);
		free(c);
	}
}

static void
on_deadline(void *arg)
{
	client_end(arg);
}

/* The first byte carries the descriptor, if one goes along. */
static ssize_t
send_piece(struct control_client *c)
{
	return fd_send(c->fd, &c->answer.data[c->sent], c->answer.len - c->sent,
	    &c->pass, c->pass >= 0 && c->sent == 0 ? 1 : 0, MSG_DONTWAIT);
}

static void
on_writable(struct control_client *c)
{
	ssize_t n = send_piece(c);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->sent += (size_t)n;
	if (n <= 0 || c->sent == c->answer.len)
		client_end(c);
}

void
control_send(struct control_client *c)
{
	c->waits = false;
	loop_timer_start(c->m->loop, &c->deadline, ANSWER_MS, on_deadline, c);
	loop_fd_set(&c->on_fd, LOOP_WRITE);
}

/* One line of words: taken apart in place. */
static void
take_request(struct control_client *c)
{
	const char *words[CONTROL_WORDS_MAX] = {NULL};
	size_t count = 0, start = 0;

	c->request[c->len - 1] = '\0';
	for (size_t i = 0; i < c->len; i++) {
		if (c->request[i] != '\0')
			continue;
		if (count == CONTROL_WORDS_MAX) {
			control_error(c, "too many words");
			return;
		}
		words[count++] = &c->request[start];
		start = i + 1;
	}
	/* An answer that waits for a generation has no deadline of ours. */
	loop_timer_stop(&c->deadline);
	loop_fd_set(&c->on_fd, LOOP_HANGUP);
	c->m->options.serve(c, words, count);
}

static void
on_readable(struct control_client *c)
{
	ssize_t n =
	    read(c->fd, &c->request[c->len], sizeof(c->request) - c->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_end(c);
		return;
	}
	c->len += (size_t)n;
	if (c->request[c->len - 1] == '\n')
		take_request(c);
	else if (c->len == sizeof(c->request))
		control_error(c, "the request is too long");
}

static void
on_client(int fd, unsigned events, void *arg)
{
	struct control_client *c = arg;

	(void)fd;
	if (c->answer.len > 0)
		on_writable(c);
	else if (c->waits)
		client_end(c); /* gone; what it asked for goes on */
	else if ((events & (LOOP_READ | LOOP_HANGUP)) != 0)
		on_readable(c);
}

static struct control_client *
client_new(struct master *m, int fd)
{
	struct control *control = m->control;
	struct control_client *c = mem_zalloc(sizeof(*c));

	c->m = m;
	c->fd = fd;
	c->pass = -1;
	buf_init(&c->answer, CONTROL_ANSWER_MAX);
	c->next = control->clients;
	control->clients = c;
	control->n_clients++;
	if (loop_fd_add(m->loop, &c->on_fd, fd, LOOP_READ, on_client, c) != 0) {
		client_end(c);
		return NULL;
	}
	loop_timer_start(m->loop, &c->deadline, REQUEST_MS, on_deadline, c);
	return c;
}

/* The login uid survives sudo and su: who it really was. */
static void
name_actor(const struct ucred *who, char actor[CONTROL_ACTOR_MAX])
{
	char path[64], text[32] = "";
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)who->pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	if (text[0] == '\0' || strtoul(text, NULL, 10) == UINT_MAX)
		snprintf(actor, CONTROL_ACTOR_MAX, "uid %u pid %d",
		    (unsigned)who->uid, (int)who->pid);
	else
		snprintf(actor, CONTROL_ACTOR_MAX,
		    "uid %u pid %d login uid %lu", (unsigned)who->uid,
		    (int)who->pid, strtoul(text, NULL, 10));
}

static void
admit(struct master *m, int fd)
{
	struct control_client *c;
	struct ucred who;
	socklen_t len = sizeof(who);
	char actor[CONTROL_ACTOR_MAX];
	static const char no[] = "error permission\\x20denied\n";

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) {
		close(fd);
		return;
	}
	name_actor(&who, actor);
	if (who.uid != 0) {
		AUDIT(ctl_denied, .verb = "connect", .actor = actor,
		    .reason = "not root");
		if (send(fd, no, sizeof(no) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) <
		    0)
			log_debug("control: %s", strerror(errno));
		close(fd);
		return;
	}
	if ((c = client_new(m, fd)) != NULL)
		snprintf(c->actor, sizeof(c->actor), "%s", actor);
}

static void
on_accept(int fd, unsigned events, void *arg)
{
	struct master *m = arg;
	static const char busy[] = "error too\\x20many\\x20clients\n";
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (client < 0)
		return;
	if (m->control->n_clients < CONTROL_CLIENTS_MAX) {
		admit(m, client);
		return;
	}
	if (send(client, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) <
	    0)
		log_debug("control: %s", strerror(errno));
	close(client);
}

/* ---- the socket ---- */

static bool
is_ours(const struct control *control)
{
	struct stat st;

	return lstat(control->path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_dev == control->device && st.st_ino == control->inode;
}

static void
open_socket(struct master *m, const char *path)
{
	struct control *control = m->control;
	struct stat st;

	if ((control->fd = control_bind(path, SOCK_STREAM)) < 0)
		return;
	control->path = mem_strdup(path);
	if (lstat(path, &st) == 0) {
		control->device = st.st_dev;
		control->inode = st.st_ino;
	}
}

static void
close_socket(struct control *control)
{
	loop_fd_remove(&control->on_accept);
	if (control->fd >= 0)
		close(control->fd);
	if (control->fd >= 0 && is_ours(control))
		(void)unlink(control->path);
	control->fd = -1;
	free(control->path);
	control->path = NULL;
}

/* The generation these waited for serves, or why it does not. */
static void
tell_waiting(struct master *m, const char *error)
{
	struct control_client *c, *next;

	for (c = m->control->clients; c != NULL; c = next) {
		next = c->next;
		if (!c->waits)
			continue;
		if (error != NULL) {
			control_error(c, "%s", error);
			continue;
		}
		control_record(c);
		control_number(c, "generation", m->current->number);
		control_text(c, "listeners_failed",
		    m->listen_failed == NULL ? "" : m->listen_failed);
		control_ok(c);
	}
}

static void
watch_socket(struct master *m)
{
	struct control *control = m->control;

	if (control->fd >= 0 && control->on_accept.loop == NULL &&
	    loop_fd_add(m->loop, &control->on_accept, control->fd, LOOP_READ,
		on_accept, m) != 0)
		log_error("cannot watch the control socket");
}

void
control_open(struct master *m, const struct config *config)
{
	struct control *control = control_of(m);
	const char *path = config->control_socket;

	if (control->fd >= 0 &&
	    (path == NULL || strcmp(path, control->path) != 0 ||
		!is_ours(control)))
		close_socket(control);
	if (control->fd < 0 && path != NULL)
		open_socket(m, path);
	watch_socket(m);
	control_kill_watch(m);
	tell_waiting(m, NULL);
}

/* The new generation failed; the old one serves on. */
bool
control_waits(const struct master *m)
{
	const struct control_client *c =
	    m->control == NULL ? NULL : m->control->clients;

	while (c != NULL && !c->waits)
		c = c->next;
	return c != NULL;
}

void
control_failed(struct master *m, const char *why)
{
	if (m->control != NULL)
		tell_waiting(m, why);
}

void
control_close(struct master *m)
{
	if (m->control == NULL)
		return;
	while (m->control->clients != NULL)
		client_end(m->control->clients);
	close_socket(m->control);
	loop_timer_stop(&m->control->kills);
}

/* ---- over a reload ---- */

void
control_save(const struct master *m, struct buf *b)
{
	const struct control *control = m->control;
	uint32_t count = 0;

	buf_bool(b, m->draining);
	buf_bool(b, control != NULL);
	if (control == NULL)
		return;
	buf_u64(b, control->since);
	buf_text(b, control->path == NULL ? "" : control->path);
	buf_u64(b, control->device);
	buf_u64(b, control->inode);
	carry_keep(b, control->fd);
	for (struct control_client *c = control->clients; c != NULL;
	     c = c->next)
		count += c->answer.len == 0;
	buf_u32(b, count);
	for (struct control_client *c = control->clients; c != NULL;
	     c = c->next) {
		if (c->answer.len > 0)
			continue; /* control_flush() did what it could */
		buf_text(b, c->actor);
		carry_keep(b, c->fd);
		buf_bool(b, c->waits);
		buf_string(b, c->request, c->waits ? 0 : c->len);
	}
}

void
control_flush(struct master *m)
{
	struct control_client *c, *next;

	for (c = m->control == NULL ? NULL : m->control->clients; c != NULL;
	     c = next) {
		next = c->next;
		if (c->answer.len > 0)
			on_writable(c);
	}
}

static void
load_client(struct master *m, struct rd *r)
{
	char actor[CONTROL_ACTOR_MAX];
	struct control_client *c;
	const uint8_t *request;
	size_t len;
	bool waits;
	int fd;

	rd_text(r, actor, sizeof(actor));
	fd = carry_take(r);
	waits = rd_bool(r);
	request = rd_string(r, sizeof(c->request), &len);
	if (r->err != 0 || fd < 0 || (c = client_new(m, fd)) == NULL)
		return;
	memcpy(c->actor, actor, sizeof(actor));
	memcpy(c->request, request, len);
	c->len = len;
	if (!waits)
		return;
	c->waits = true;
	loop_timer_stop(&c->deadline);
	loop_fd_set(&c->on_fd, LOOP_HANGUP);
}

void
control_load(struct master *m, struct rd *r)
{
	struct control *control;
	char path[PATH_MAX];
	uint32_t count;

	m->draining = rd_bool(r);
	if (!rd_bool(r) || r->err != 0)
		return;
	control = control_of(m);
	control->since = rd_u64(r);
	rd_text(r, path, sizeof(path));
	control->device = rd_u64(r);
	control->inode = rd_u64(r);
	control->fd = carry_take(r);
	if (r->err == 0 && path[0] != '\0')
		control->path = mem_strdup(path);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		load_client(m, r);
	if (r->err == 0)
		watch_socket(m);
}
