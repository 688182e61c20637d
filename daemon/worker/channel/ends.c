/*
 * The descriptors of a channel and their interests in the loop.  They come
 * from the user's side and are trusted with nothing but the user's bytes.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void
want(struct end *end, unsigned what, bool on)
{
	unsigned now = end->handle.wanted;

	if (end->handle.loop != NULL)
		loop_fd_set(&end->handle, on ? now | what : now & ~what);
}

void
channel_want_read(struct end *end, bool on)
{
	want(end, LOOP_READ, on);
}

void
channel_want_write(struct channel *c, bool on)
{
	want(c->shared ? &c->output : &c->input, LOOP_WRITE, on);
}

/* Something to read; before the program runs it is only remembered. */
static void
output_ready(struct channel *c, struct end *end, bool *ready)
{
	*ready = true;
	if (c->began)
		channel_ready(c);
	else
		channel_want_read(end, false);
}

static void
on_output(int fd, unsigned events, void *arg)
{
	struct channel *c = arg;
	unsigned wanted = c->output.handle.wanted;
	bool readable = (wanted & LOOP_READ) != 0 &&
	    (events & (LOOP_READ | LOOP_HANGUP)) != 0;

	(void)fd;
	if (readable)
		output_ready(c, &c->output, &c->output_ready);
	if (c->shared && (wanted & LOOP_WRITE) != 0 &&
	    (events & (LOOP_WRITE | LOOP_HANGUP)) != 0)
		channel_write_backlog(c);
}

static void
on_error(int fd, unsigned events, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	(void)events;
	output_ready(c, &c->error, &c->error_ready);
}

static void
on_input(int fd, unsigned events, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	if ((events & LOOP_HANGUP) != 0) {
		channel_input_failed(c); /* the program closed it */
		channel_settle(c);
	} else {
		channel_write_backlog(c);
	}
}

/*
 * A handle is added with an interest, so that a descriptor nobody can wait
 * for is found out here.  A terminal is the monitor's, and sound.
 */
int
channel_attach(struct channel *c, int fd)
{
	int err;

	/* It may be anything: at least it shall not block the worker. */
	(void)fd_set_nonblocking(fd);
	err = loop_fd_add(c->table->w->loop, &c->output.handle, fd,
	    c->kind == KIND_SESSION ? 0 : LOOP_READ, on_output, c);
	if (err != 0)
		return err;
	c->output.fd = c->input.fd = fd;
	c->shared = true;
	return 0;
}

int
channel_attach_pipes(struct channel *c, const int fds[3])
{
	struct loop *loop = c->table->w->loop;
	int err;

	for (size_t i = 0; i < 3; i++)
		(void)fd_set_nonblocking(fds[i]);
	err = loop_fd_add(
	    loop, &c->input.handle, fds[0], LOOP_HANGUP, on_input, c);
	if (err == 0)
		err = loop_fd_add(
		    loop, &c->output.handle, fds[1], LOOP_READ, on_output, c);
	if (err == 0)
		err = loop_fd_add(
		    loop, &c->error.handle, fds[2], LOOP_READ, on_error, c);
	if (err != 0) {
		loop_fd_remove(&c->input.handle);
		loop_fd_remove(&c->output.handle);
		loop_fd_remove(&c->error.handle);
		return err;
	}
	c->input.fd = fds[0];
	c->output.fd = fds[1];
	c->error.fd = fds[2];
	return 0;
}

/* Bytes may move: what the client has sent already goes first. */
void
channel_begin(struct channel *c)
{
	c->began = true;
	if (c->eow_received)
		channel_stop_reading(c);
	if (c->output_ready || c->error_ready)
		channel_ready(c);
	if (c->output.fd >= 0 && !c->output_ready)
		channel_want_read(&c->output, true);
	if (c->error.fd >= 0 && !c->error_ready)
		channel_want_read(&c->error, true);
	channel_write_backlog(c); /* settles */
}

static void
close_end(struct end *end)
{
	loop_fd_remove(&end->handle);
	if (end->fd >= 0)
		close(end->fd);
	end->fd = -1;
}

/*
 * The client has said that its input ends here.  If that is a socket
 * (reset_input), the byte that waits on it is what would reset it.
 */
void
channel_finish_input(struct channel *c)
{
	char byte;

	if (c->input.fd >= 0 && !c->shared && read(c->input.fd, &byte, 1) < 0 &&
	    errno != EBADF)
		log_debug("channel %u: input: %s", c->id, strerror(errno));
	channel_end_input(c);
}

/* A terminal has no end of input of its own: it stays open until all ends. */
void
channel_end_input(struct channel *c)
{
	if (c->input.fd < 0)
		return;
	if (!c->shared) {
		close_end(&c->input);
		return;
	}
	channel_want_write(c, false);
	if (c->output.fd < 0) {
		loop_fd_remove(&c->output.handle);
		close(c->input.fd);
	} else if (c->socket) {
		shutdown(c->input.fd, SHUT_WR);
	}
	c->input.fd = -1;
}

void
channel_end_output(struct channel *c, struct end *end)
{
	if (end->fd < 0)
		return;
	if (end == &c->error)
		c->error_ready = false;
	else
		c->output_ready = false;
	if (!c->shared || c->input.fd < 0) {
		close_end(end);
		return;
	}
	/* Both directions share it, and the other still lives. */
	channel_want_read(end, false);
	end->fd = -1;
}

void
channel_close_ends(struct channel *c)
{
	int fd = c->output.fd >= 0 ? c->output.fd : c->input.fd;

	if (!c->shared) {
		close_end(&c->input);
		close_end(&c->output);
		close_end(&c->error);
		return;
	}
	loop_fd_remove(&c->output.handle);
	if (fd >= 0)
		close(fd);
	c->output.fd = c->input.fd = -1;
}

/* Its program gets SIGPIPE; its errors are still read, as by sshd. */
void
channel_stop_reading(struct channel *c)
{
	c->eow_received = true;
	if (!c->began || c->pty)
		return;
	channel_end_output(c, &c->output);
	if (!c->error_ready)
		channel_unready(c);
}

bool
channel_outputs_closed(const struct channel *c)
{
	return c->output.fd < 0 && c->error.fd < 0;
}
