/*
 * Opening and closing, and what else is asked of open files beside READ and
 * WRITE.  An open that is refused has changed nothing.
 */
#include "daemon/sftp/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int
open_mode(uint32_t flags)
{
	int mode = O_RDONLY;

	if ((flags & SSH_FXF_WRITE) != 0)
		mode = (flags & SSH_FXF_READ) != 0 ? O_RDWR : O_WRONLY;
	if ((flags & SSH_FXF_APPEND) != 0)
		mode |= O_APPEND;
	if ((flags & SSH_FXF_CREAT) != 0)
		mode |= O_CREAT;
	if ((flags & SSH_FXF_TRUNC) != 0)
		mode |= O_TRUNC;
	if ((flags & SSH_FXF_EXCL) != 0)
		mode |= O_EXCL;
	return mode | O_NOCTTY | O_CLOEXEC;
}

/*
 * Not blocking, so that a FIFO does not hang the session; but a file under
 * another's lease (fcntl(2)) is to be waited for.
 */
static int
open_file(const char *path, uint32_t flags, mode_t mode)
{
	int fd = open(path, open_mode(flags) | O_NONBLOCK, mode);
	struct stat st;

	if (fd >= 0 || errno != EWOULDBLOCK)
		return fd;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
		errno = EWOULDBLOCK;
		return -1;
	}
	return open(path, open_mode(flags), mode);
}

static void
refuse_changes(struct sftp_server *s, struct sftp_request *q)
{
	q->event.type = SFTP_EVENT_DENIED;
	q->event.reason = "read-only";
	s->totals.denied++;
	s->totals.failed--; /* counted as denied, not as failed */
	reply_status(s, q, SSH_FX_PERMISSION_DENIED, NULL);
}

/* Room first: a file must not be truncated and then refused. */
static void
open_checked(
    struct sftp_server *s, struct sftp_request *q, uint32_t flags, mode_t mode)
{
	struct sftp_handle *h;
	uint32_t number;
	int fd;

	if (!handles_have_room(&s->handles)) {
		reply_error(s, q, EMFILE);
		return;
	}
	if ((flags & SSH_FXF_TRUNC) != 0 && (flags & SSH_FXF_WRITE) == 0) {
		reply_error(s, q, EINVAL);
		return;
	}
	if ((flags & SSH_FXF_TRUNC) != 0)
		stage_settle(s, -1);
	if ((fd = open_file(s->path, flags, mode)) < 0) {
		reply_error(s, q, errno);
		return;
	}
	h = handles_add(&s->handles, fd, NULL, s->path, &number);
	h->open_flags = flags;
	if (s->options->digest) {
		digest_begin(&h->digest);
		h->copies = true; /* its bytes must be seen here */
	}
	s->totals.files_opened++;
	reply_handle(s, q, number);
}

void
on_open(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_attr attr;
	struct sftp_event *e;
	uint32_t flags;
	mode_t mode = 0666;

	if (!request_path(s, q, s->path))
		return;
	flags = rd_u32(&q->body); /* pflags */
	attr_read(&q->body, &attr);
	if (!request_sound(s, q))
		return;
	if ((attr.flags & SSH_FILEXFER_ATTR_PERMISSIONS) != 0)
		mode = attr.permissions & 07777;
	e = event_begin(q, SFTP_EVENT_OPEN, s->path);
	e->open_flags = flags;
	e->mode = mode;
	if (s->options->read_only && (flags & SSH_FXF_CHANGES) != 0)
		refuse_changes(s, q);
	else
		open_checked(s, q, flags, mode);
}

int
handle_finish(struct sftp_server *s, struct sftp_request *q,
    struct sftp_handle *h, bool forced)
{
	bool is_file = h->kind == HANDLE_FILE;
	struct sftp_event *e;
	int error;

	e = event_begin(
	    q, is_file ? SFTP_EVENT_CLOSE : SFTP_EVENT_CLOSEDIR, s->path);
	/* The handle's copy of the path dies with it. */
	memcpy(s->path, h->path, strlen(h->path) + 1);
	e->bytes_read = h->bytes_read;
	e->bytes_written = h->bytes_written;
	e->milliseconds = handles_clock() - h->opened_at;
	e->forced = forced;
	s->totals.files_read += h->bytes_read != 0;
	s->totals.files_written += h->bytes_written != 0;
	digest_end(&h->digest, h->fd, s->digest, &e->partial);
	e->digest = s->digest;
	error = handles_close(&s->handles, h);
	e->error = error;
	e->status = sftp_status_of(error);
	return error;
}

void
on_close(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_handle *h = request_handle(s, q, HANDLE_FREE);

	if (h != NULL)
		reply_error(s, q, handle_finish(s, q, h, false));
}

void
on_fstat(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_handle *h = request_handle(s, q, HANDLE_FREE);
	struct stat st;

	if (h == NULL)
		return;
	event_begin(q, SFTP_EVENT_LOOKUP, h->path);
	if (fstat(h->fd, &st) != 0)
		reply_error(s, q, errno);
	else
		reply_attrs(s, q, &st);
}

void
on_fsetstat(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_handle *h = request_handle(s, q, HANDLE_FREE);
	struct sftp_attr attr;

	if (h == NULL)
		return;
	attr_read(&q->body, &attr);
	if (!request_sound(s, q))
		return;
	event_begin(q, SFTP_EVENT_SETSTAT, h->path)->attr = &attr;
	s->totals.attributes_set++;
	if ((attr.flags & SSH_FILEXFER_ATTR_SIZE) != 0) {
		stage_settle(s, h->fd);
		digest_resized(&h->digest, attr.size);
	}
	reply_error(s, q, attr_apply(h->fd, NULL, true, &attr));
}

void
on_fsync(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_handle *h = request_handle(s, q, HANDLE_FILE);

	if (h == NULL)
		return;
	event_begin(q, SFTP_EVENT_FSYNC, h->path);
	reply_error(s, q, fsync(h->fd) == 0 ? 0 : errno);
}
