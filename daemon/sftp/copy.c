/*
 * copy-data: a copy between two open files, done by the kernel where the file
 * systems can (reflinks included), else through a buffer.
 */
#include "daemon/sftp/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define COPY_CHUNK  (32u << 20)
#define COPY_BUFFER 65536

struct copy {
	struct sftp_handle *from;
	struct sftp_handle *to;
	uint64_t from_offset;
	uint64_t to_offset;
	uint64_t left; /* UINT64_MAX: up to the end of the file */
};

/* A long copy for a client that is gone is not worth finishing. */
static bool
client_gone(const struct sftp_server *s)
{
	struct pollfd p = {.fd = s->options->out};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLNVAL)) != 0;
}

static void
copied(struct sftp_server *s, struct copy *c, size_t n)
{
	c->from_offset += n;
	c->to_offset += n;
	if (c->left != UINT64_MAX)
		c->left -= n;
	digest_break(&c->from->digest);
	digest_break(&c->to->digest);
	c->from->bytes_read += n;
	c->to->bytes_written += n;
	s->totals.bytes_read += n;
	s->totals.bytes_written += n;
}

/* Bytes moved, 0 at the end of the file, or -errno. */
static ssize_t
copy_in_kernel(const struct copy *c, size_t len)
{
	off_t from = (off_t)c->from_offset, to = (off_t)c->to_offset;
	ssize_t n = copy_file_range(c->from->fd, &from, c->to->fd, &to, len, 0);

	return n < 0 ? -errno : n;
}

static ssize_t
copy_by_hand(const struct copy *c, size_t len)
{
	static uint8_t buffer[COPY_BUFFER];
	ssize_t n, written, w;

	if (len > sizeof(buffer))
		len = sizeof(buffer);
	n = pread(c->from->fd, buffer, len, (off_t)c->from_offset);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	for (written = 0; written < n; written += w) {
		w = pwrite(c->to->fd, &buffer[written], (size_t)(n - written),
		    (off_t)c->to_offset + written);
		if (w <= 0)
			return w < 0 ? -errno : -EIO;
	}
	return n;
}

/* Errors that say "not this way" rather than "not at all". */
static bool
try_by_hand(ssize_t n)
{
	return n == -EXDEV || n == -EINVAL || n == -EBADF || n == -ENOSYS ||
	    n == -EOPNOTSUPP || n == -EPERM;
}

static int
copy_run(struct sftp_server *s, struct copy *c)
{
	bool in_kernel = true;
	size_t chunk;
	ssize_t n;

	while (c->left != 0) {
		chunk = c->left < COPY_CHUNK ? (size_t)c->left : COPY_CHUNK;
		n = in_kernel ? copy_in_kernel(c, chunk) :
				copy_by_hand(c, chunk);
		/* Files of /proc say 0 in the kernel and have data. */
		if (in_kernel && (n == 0 || try_by_hand(n))) {
			in_kernel = false;
			continue;
		}
		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)-n;
		if (n == 0)
			return 0;
		copied(s, c, (size_t)n);
		if (client_gone(s))
			return EPIPE;
	}
	return 0;
}

/* Onto itself, a copy would grow its source for ever. */
static int
same_file(const struct copy *c)
{
	struct stat from, to;

	if (fstat(c->from->fd, &from) != 0 || fstat(c->to->fd, &to) != 0)
		return errno;
	if (from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		return EINVAL;
	return 0;
}

void
on_copy_data(struct sftp_server *s, struct sftp_request *q)
{
	struct copy c = {.from = request_handle(s, q, HANDLE_FILE)};
	uint64_t before;
	int error;

	if (c.from == NULL)
		return;
	c.from_offset = rd_u64(&q->body); /* read-from-offset */
	c.left = rd_u64(&q->body); /* read-data-length, 0: all */
	if ((c.to = request_handle(s, q, HANDLE_FILE)) == NULL)
		return;
	c.to_offset = rd_u64(&q->body); /* write-to-offset */
	if (!request_sound(s, q))
		return;
	event_begin(q, SFTP_EVENT_COPY, c.from->path)->new_path = c.to->path;
	if (c.left == 0)
		c.left = UINT64_MAX;
	before = c.to->bytes_written;
	if (c.from_offset > INT64_MAX || c.to_offset > INT64_MAX)
		error = EINVAL;
	else if ((c.to->open_flags & SSH_FXF_WRITE) == 0)
		error = EACCES;
	else if ((error = same_file(&c)) == 0) {
		stage_settle(s, c.to->fd);
		error = copy_run(s, &c);
	}
	q->event.bytes_written = c.to->bytes_written - before;
	reply_error(s, q, error);
}
