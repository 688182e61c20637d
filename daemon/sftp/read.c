/*
 * READ: large pieces go by reference (stage.c), small ones are read from the
 * file straight into the output buffer, behind the place of their header.
 */
#include "daemon/sftp/server.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Bytes read in sequence before the kernel is told so. */
#define READAHEAD_RUN (1u << 20)

/* length, type, id, length of data */
#define DATA_HEADER 13

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
count_read(
    struct sftp_server *s, struct sftp_handle *h, uint64_t offset, size_t len)
{
	h->bytes_read += len;
	s->totals.bytes_read += len;
	note_run(h, offset, len);
}

/*
 * The bytes that a READ will get, if they are known to be many; else 0.  The
 * size is asked for once a READ has been full (read_first), and again where it
 * would make an answer shorter than requested: the file may have grown.
 */
static size_t
forecast(struct sftp_handle *h, uint64_t offset, uint32_t len)
{
	struct stat st;

	if (h->copies)
		return 0;
	if (!h->size_known || offset > h->size || h->size - offset < len) {
		if (fstat(h->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
			h->copies = true;
			return 0;
		}
		h->size = (uint64_t)st.st_size;
		h->size_known = true;
		h->device = st.st_dev;
		h->inode = st.st_ino;
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
	stage_names(s, h->device, h->inode);
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
	digest_read(&h->digest, offset, &at[DATA_HEADER], (size_t)n);
	return (size_t)n == len;
}

/*
 * Most files are small, and then the first READ has all of it at the price of
 * one system call.  A file that fills the piece is large enough to be asked
 * for its size, and for what was read to be read again by reference.
 */
static bool
read_first(struct sftp_server *s, struct sftp_request *q, struct sftp_handle *h,
    uint64_t offset)
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
read_data(struct sftp_server *s, struct sftp_request *q, struct sftp_handle *h,
    uint64_t offset, uint32_t len)
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
	else if (len == 0) /* not an error, nor the end: no bytes */
		put_data_header(buf_add(&s->out, DATA_HEADER), q->id, 0);
	else if (offset == INT64_MAX)
		reply_status(s, q, SSH_FX_EOF, NULL);
	else {
		if (len > INT64_MAX - offset)
			len = (uint32_t)(INT64_MAX - offset);
		read_data(s, q, h, offset, len);
	}
}
