/*
 * WRITE: from the input buffer straight into the file.  Adjacent ones are held
 * back until something else comes, and are then one system call.
 */
#include "daemon/sftp/server.h"

#include <errno.h>
#include <unistd.h>

/* Write the rest of one request from done on; answer it. */
static void
write_rest(struct sftp_server *s, struct sftp_handle *h, uint32_t id,
    const uint8_t *data, size_t len, size_t done, uint64_t offset)
{
	struct sftp_request q = {.name = "write", .id = id};
	int error = 0;
	ssize_t n;

	q.event.type = SFTP_EVENT_COUNT;
	while (done < len && error == 0) {
		n = pwrite(
		    h->fd, &data[done], len - done, (off_t)(offset + done));
		if (n > 0) {
			digest_written(
			    &h->digest, offset + done, &data[done], (size_t)n);
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

	if (b->count != 0)
		stage_settle(s, h->fd);
	if (b->count > 1) {
		n = pwritev(h->fd, b->data, b->count, (off_t)offset);
		covered = n < 0 ? 0 : (size_t)n;
		h->bytes_written += covered;
		s->totals.bytes_written += covered;
	}
	for (int i = 0; i < b->count; i++) {
		done =
		    covered < b->data[i].iov_len ? covered : b->data[i].iov_len;
		covered -= done;
		digest_written(&h->digest, offset, b->data[i].iov_base, done);
		write_rest(s, h, b->id[i], b->data[i].iov_base,
		    b->data[i].iov_len, done, offset);
		offset += b->data[i].iov_len;
	}
	b->count = 0;
}

static bool
batch_takes(
    const struct sftp_batch *b, const struct sftp_handle *h, uint64_t offset)
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
		reply_status(
		    s, q, SSH_FX_PERMISSION_DENIED, "Not open for writing");
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
