/*
 * Requests on open files: the bulk of what a session does.  READ data goes
 * from the file into the output buffer, WRITE data from the input buffer into
 * the file; neither is copied in between.
 */
#include "daemon/sftp/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Bytes read in sequence before the kernel is told so. */
#define READAHEAD_RUN (1u << 20)

/* length, type, id, length of data */
#define DATA_HEADER 13

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

void
on_open(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_attr attr;
	struct sftp_event *e;
	uint32_t flags, number;
	mode_t mode = 0666;
	int fd;

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
	if (s->options->read_only && (flags & SSH_FXF_CHANGES) != 0) {
		e->type = SFTP_EVENT_DENIED;
		e->reason = "read-only";
		s->totals.denied++;
		s->totals.failed--;
		reply_status(s, q, SSH_FX_PERMISSION_DENIED, NULL);
		return;
	}
	/* Room first: a file must not be truncated and then refused. */
	if (!handles_have_room(&s->handles)) {
		reply_error(s, q, EMFILE);
		return;
	}
	if ((flags & SSH_FXF_TRUNC) != 0 && (flags & SSH_FXF_WRITE) == 0) {
		reply_error(s, q, EINVAL);
		return;
	}
	if ((fd = open_file(s->path, flags, mode)) < 0) {
		reply_error(s, q, errno);
		return;
	}
	handles_add(&s->handles, fd, NULL, s->path, &number)->open_flags =
	    flags;
	s->totals.files_opened++;
	reply_handle(s, q, number);
}

int
handle_finish(struct sftp_server *s, struct sftp_request *q,
    struct sftp_handle *h, bool forced)
{
	bool is_file = h->kind == HANDLE_FILE;
	struct sftp_event *e;
	int error;

	e = event_begin(q, is_file ? SFTP_EVENT_CLOSE : SFTP_EVENT_CLOSEDIR,
	    s->path);
	/* The handle's copy of the path dies with it. */
	memcpy(s->path, h->path, strlen(h->path) + 1);
	e->bytes_read = h->bytes_read;
	e->bytes_written = h->bytes_written;
	e->forced = forced;
	s->totals.files_read += h->bytes_read != 0;
	s->totals.files_written += h->bytes_written != 0;
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

/* A long run of sequential reads is worth a larger readahead, once. */
static void
note_run(struct sftp_handle *h, uint64_t offset, uint64_t len)
{
	if (offset != h->next_read)
		h->run = 0;
	h->next_read = offset + len;
	if (h->run < READAHEAD_RUN && h->run + len >= READAHEAD_RUN)
		(void)posix_fadvise(h->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	h->run += len;
}

static void
put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static void
put_data_header(uint8_t *at, uint32_t id, size_t len)
{
	put_u32(&at[0], (uint32_t)(DATA_HEADER - 4 + len));
	at[4] = SSH_FXP_DATA;
	put_u32(&at[5], id);
	put_u32(&at[9], (uint32_t)len);
}

static void
count_read(struct sftp_server *s, struct sftp_handle *h, uint64_t offset,
    size_t len)
{
	h->bytes_read += len;
	s->totals.bytes_read += len;
	note_run(h, offset, len);
}

/*
 * What a READ will get, if it is known to be much; else 0.  The size is asked
 * for once a READ has been full (read_first), and when a file has grown.
 */
static size_t
forecast(struct sftp_handle *h, uint64_t offset, uint32_t len)
{
	struct stat st;

	if (h->copies)
		return 0;
	if (!h->size_known) {
		if (fstat(h->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
			h->copies = true;
			return 0;
		}
		h->size = (uint64_t)st.st_size;
		h->size_known = true;
	}
	if (offset >= h->size)
		return 0;
	if (h->size - offset < len)
		len = (uint32_t)(h->size - offset);
	return len < SFTP_STAGE_MIN ? 0 : len;
}

/*
 * False: to be read by copying.  The header has to say how much follows, so
 * it says the forecast; should the file have been cut meanwhile, what was
 * staged is back in the buffer, and the header is put right there.
 */
static bool
read_by_reference(struct sftp_server *s, struct sftp_request *q,
    struct sftp_handle *h, uint64_t offset, uint32_t len)
{
	uint8_t header[DATA_HEADER];
	size_t want, have;

	if ((want = forecast(h, offset, len)) == 0 || !stage_is_open(s))
		return false;
	put_data_header(header, q->id, want);
	have = stage_packet(s, header, sizeof(header), h->fd, offset, want);
	if (s->broken != 0)
		return true;
	if (have < want) {
		h->size_known = false;
		h->copies = have == 0;
		s->out.len -= DATA_HEADER + have;
		if (have == 0)
			return false;
		put_data_header(&s->out.data[s->out.len], q->id, have);
		s->out.len += DATA_HEADER + have;
	}
	count_read(s, h, offset, have);
	return true;
}

/* By copying.  True: all of len was there. */
static bool
read_into(struct sftp_server *s, struct sftp_request *q, struct sftp_handle *h,
    uint64_t offset, uint32_t len)
{
	size_t mark = s->out.len;
	uint8_t *at = buf_add(&s->out, DATA_HEADER + len);
	ssize_t n = pread(h->fd, &at[DATA_HEADER], len, (off_t)offset);

	if (n <= 0) {
		s->out.len = mark;
		if (n == 0)
			reply_status(s, q, SSH_FX_EOF, NULL);
		else
			reply_error(s, q, errno);
		return false;
	}
	s->out.len = mark + DATA_HEADER + (size_t)n;
	put_data_header(at, q->id, (size_t)n);
	count_read(s, h, offset, (size_t)n);
	if (offset + (uint64_t)n > h->size)
		h->size_known = false; /* it has grown */
	return (size_t)n == len;
}

/*
 * Most files are small, and then the first READ has all of it at the price of
 * one system call.  A file that fills the piece is large enough to be asked
 * for its size, and for what was read to be read again by reference.
 */
static bool
read_first(struct sftp_server *s, struct sftp_request *q,
    struct sftp_handle *h, uint64_t offset)
{
	struct sftp_totals totals = s->totals;
	size_t mark = s->out.len;

	if (!read_into(s, q, h, offset, SFTP_STAGE_MIN))
		return true;
	s->out.len = mark;
	s->totals = totals;
	h->bytes_read -= SFTP_STAGE_MIN;
	h->next_read = offset;
	return false;
}

static void
read_data(struct sftp_server *s, struct sftp_request *q,
    struct sftp_handle *h, uint64_t offset, uint32_t len)
{
	if (len > SFTP_STAGE_MIN && !h->copies && !h->size_known &&
	    read_first(s, q, h, offset))
		return;
	if (!read_by_reference(s, q, h, offset, len))
		(void)read_into(s, q, h, offset, len);
}

void
on_read(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_handle *h = request_handle(s, q, HANDLE_FILE);
	uint64_t offset = rd_u64(&q->body);
	uint32_t len = rd_u32(&q->body);

	if (h == NULL || !request_sound(s, q))
		return;
	if (len > SFTP_DATA_MAX)
		len = SFTP_DATA_MAX;
	if (offset > INT64_MAX)
		reply_error(s, q, EINVAL);
	else if (offset == INT64_MAX || len == 0)
		reply_status(s, q, SSH_FX_EOF, NULL);
	else {
		if (len > INT64_MAX - offset)
			len = (uint32_t)(INT64_MAX - offset);
		read_data(s, q, h, offset, len);
	}
}

/* Write the rest of one request from done on; answer it. */
static void
write_rest(struct sftp_server *s, struct sftp_handle *h, uint32_t id,
    const uint8_t *data, size_t len, size_t done, uint64_t offset)
{
	struct sftp_request q = { .name = "write", .id = id };
	int error = 0;
	ssize_t n;

	q.event.type = SFTP_EVENT_COUNT;
	while (done < len && error == 0) {
		n = pwrite(h->fd, &data[done], len - done,
		    (off_t)(offset + done));
		if (n > 0) {
			done += (size_t)n;
			h->bytes_written += (uint64_t)n;
			s->totals.bytes_written += (uint64_t)n;
		} else if (n == 0)
			error = EIO;
		else if (errno != EINTR)
			error = errno;
	}
	if (error != 0) {
		event_begin(&q, SFTP_EVENT_LOOKUP, h->path);
		q.event.request = "write";
	}
	reply_error(s, &q, error);
}

/*
 * One system call for all; after a short one each request that was not
 * covered is tried for itself, and gets its own error.
 */
void
sftp_batch_flush(struct sftp_server *s)
{
	struct sftp_batch *b = &s->batch;
	struct sftp_handle *h = b->handle;
	uint64_t offset = b->offset;
	size_t covered = 0, done;
	ssize_t n = 0;

	if (b->count > 1) {
		n = pwritev(h->fd, b->data, b->count, (off_t)offset);
		covered = n < 0 ? 0 : (size_t)n;
		h->bytes_written += covered;
		s->totals.bytes_written += covered;
	}
	for (int i = 0; i < b->count; i++) {
		done = covered < b->data[i].iov_len ? covered :
						      b->data[i].iov_len;
		covered -= done;
		write_rest(s, h, b->id[i], b->data[i].iov_base,
		    b->data[i].iov_len, done, offset);
		offset += b->data[i].iov_len;
	}
	b->count = 0;
}

static bool
batch_takes(const struct sftp_batch *b, const struct sftp_handle *h,
    uint64_t offset)
{
	return b->handle == h && b->count < SFTP_BATCH_MAX &&
	    offset == b->offset + b->len &&
	    (h->open_flags & SSH_FXF_APPEND) == 0;
}

void
on_write(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_batch *b = &s->batch;
	struct sftp_handle *h = request_handle(s, q, HANDLE_FILE);
	uint64_t offset = rd_u64(&q->body);
	const uint8_t *data;
	size_t len;

	data = rd_string(&q->body, SFTP_PACKET_MAX, &len);
	if (h == NULL || !request_sound(s, q))
		return;
	if ((h->open_flags & SSH_FXF_WRITE) == 0) {
		reply_status(s, q, SSH_FX_PERMISSION_DENIED,
		    "Not open for writing");
		return;
	}
	if (offset > INT64_MAX || len > INT64_MAX - offset) {
		reply_error(s, q, EFBIG);
		return;
	}
	if (b->count != 0 && !batch_takes(b, h, offset))
		sftp_batch_flush(s);
	if (b->count == 0) {
		b->handle = h;
		b->offset = offset;
		b->len = 0;
	}
	b->id[b->count] = q->id;
	b->data[b->count].iov_base = (void *)(uintptr_t)data;
	b->data[b->count].iov_len = len;
	b->count++;
	b->len += len;
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
