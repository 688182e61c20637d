/*
 * The writer of lines into a descriptor (see line_out.h), for lib/log.c.
 * Whether a description waits is shared with whoever else holds it, a
 * supervisor or a shell, so it is not changed: a pipe and a terminal are
 * opened once more, and a socket is asked not to wait at each line.
 */
#include "lib/line_out.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A reader has so long, once: it may only be slower than a burst of lines. */
#define PATIENCE_MS 100

void
line_out_use(struct line_out *o, int fd)
{
	const int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char path[32];
	struct stat st;

	if (o->own >= 0)
		close(o->own);
	o->fd = fd;
	o->own = -1;
	o->is_socket = o->stuck = o->cut = false;
	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	o->is_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && (!S_ISCHR(st.st_mode) || !isatty(fd)))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o->own = open(path, flags);
}

static ssize_t
send_now(const struct line_out *o, struct iovec *iov, size_t count)
{
	const struct msghdr h = {.msg_iov = iov, .msg_iovlen = count};
	ssize_t n;

	do
		n = o->is_socket ?
		    sendmsg(o->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) :
		    writev(o->own >= 0 ? o->own : o->fd, iov, (int)count);
	while (n < 0 && errno == EINTR);
	return n;
}

static bool
has_room(const struct line_out *o)
{
	struct pollfd p = {
	    .fd = o->own >= 0 ? o->own : o->fd, .events = POLLOUT};

	return poll(&p, 1, PATIENCE_MS) > 0 && p.revents == POLLOUT;
}

/* Lines that a parent lost are the parent's to tell. */
static void
own_losses(struct line_out *o)
{
	pid_t pid = getpid();

	if (o->pid != pid)
		o->untold = 0;
	o->pid = pid;
}

bool
line_out_write(
    struct line_out *o, const char *stamp, const char *line, size_t len)
{
	/* A line that was cut ends where the next begins. */
	struct iovec iov[4] = {
	    {(void *)(uintptr_t) "\n", o->cut ? 1 : 0},
	    {(void *)(uintptr_t)stamp, strlen(stamp)},
	    {(void *)(uintptr_t)line, len},
	    {(void *)(uintptr_t) "\n", 1},
	};
	size_t all = iov[0].iov_len + iov[1].iov_len + len + 1;
	int saved = errno;
	ssize_t n;

	own_losses(o);
	/* One call: a line stays whole among those of other processes. */
	n = send_now(o, iov, 4);
	if (n < 0 && errno == EAGAIN && !o->stuck) {
		o->stuck = !has_room(o);
		n = o->stuck ? -1 : send_now(o, iov, 4);
	}
	if (n >= 0) {
		o->stuck = false;
		o->cut = (size_t)n < all;
	}
	if (n < 0 || o->cut)
		o->untold++;
	errno = saved;
	return n >= 0 && !o->cut;
}

uint64_t
line_out_untold(struct line_out *o)
{
	uint64_t untold;

	own_losses(o);
	untold = o->untold;
	o->untold = 0;
	return untold;
}
