/*
 * Large READ data by reference: splice() from the page cache into a pipe of
 * ours, packet after packet with their headers, then from there to the
 * client's stream.  Nothing is copied in this process; measured at a fifth of
 * the cost of pread() and write().
 *
 * The order on the stream is s->out, then the stage: what is answered while
 * something is staged is moved behind it.
 *
 * A page that was passed on is the file's own until its reader has copied it.
 * An answer must have the bytes of its own time, so a request that changes a
 * file waits until that file's pages have been read (stage_settle).
 */
#include "daemon/sftp/server.h"

#include "lib/fd.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* The longest pause between two looks in stage_settle. */
#define SETTLE_MS_MAX 64

/* Places in a pipe that len bytes may take: their pages, and ragged ends. */
static unsigned
slots_of(size_t len)
{
	return (unsigned)(len / 4096) + 2;
}

/*
 * A user who has used up the memory for pipes gets a small one, in which the
 * largest READ does not fit, and is served by copying.
 */
static void
stage_open(struct sftp_server *s)
{
	struct sftp_stage *t = &s->stage;
	int size;

	t->tried = true;
	/* splice() to a socket waits unless the socket says not to (Linux 6.5
	 * and later look at nothing else); a pipe is that way already. */
	if (fd_set_nonblocking(s->options->out) != 0 ||
	    pipe2(t->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	t->open = true;
	size = fcntl(t->pipe[1], F_SETPIPE_SZ, SFTP_STAGE_SIZE);
	if (size < 0)
		size = fcntl(t->pipe[1], F_SETPIPE_SZ, SFTP_STAGE_SIZE / 2);
	if (size < SFTP_STAGE_SIZE / 2)
		stage_close(s);
	else
		t->slots = (unsigned)(size / sysconf(_SC_PAGESIZE));
}

bool
stage_is_open(struct sftp_server *s)
{
	if (!s->stage.tried)
		stage_open(s);
	return s->stage.open;
}

void
stage_close(struct sftp_server *s)
{
	if (!s->stage.open)
		return;
	close(s->stage.pipe[0]);
	close(s->stage.pipe[1]);
	s->stage.open = false;
}

bool
stage_has_room(const struct sftp_server *s)
{
	return s->stage.len == 0 ||
	    s->stage.used + slots_of(SFTP_PACKET_MAX) + slots_of(0) <=
	    s->stage.slots;
}

/*
 * Take back everything into the output buffer: a file was shorter than it
 * said, or cannot be spliced.  Both fit, see SFTP_OUT_SIZE.
 */
static void
unstage(struct sftp_server *s)
{
	uint8_t *at = buf_add(&s->out, s->stage.len);
	size_t have = 0;
	ssize_t n;

	while (at != NULL && have < s->stage.len) {
		n = read(s->stage.pipe[0], &at[have], s->stage.len - have);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (have < s->stage.len)
		s->broken = SFTP_EXIT_LOST;
	s->stage.len = 0;
	s->stage.used = 0;
}

void
stage_move(struct sftp_server *s, size_t mark)
{
	struct sftp_stage *t = &s->stage;
	size_t len = s->out.len - mark;
	ssize_t n;

	if (len == 0)
		return;
	n = write(t->pipe[1], &s->out.data[mark], len);
	if (n < 0 || (size_t)n != len) {
		s->broken = SFTP_EXIT_LOST;
		return;
	}
	t->len += len;
	t->used += slots_of(len);
	s->out.len = mark;
}

/* len bytes of the file: how many there were. */
static size_t
take(struct sftp_server *s, int fd, uint64_t offset, size_t len)
{
	loff_t at = (loff_t)offset;
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = splice(fd, &at, s->stage.pipe[1], NULL, len - have,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n > 0)
			have += (size_t)n;
		else if (n == 0 || errno != EINTR)
			break;
	}
	s->stage.len += have;
	s->stage.used += slots_of(have);
	return have;
}

size_t
stage_packet(struct sftp_server *s, uint8_t *header, size_t header_len, int fd,
    uint64_t offset, size_t len)
{
	size_t mark = s->out.len, have;

	buf_bytes(&s->out, header, header_len);
	stage_move(s, mark);
	if (s->broken != 0)
		return 0;
	have = take(s, fd, offset, len);
	if (have == len)
		return have;
	unstage(s);
	return have;
}

int
stage_pass(struct sftp_server *s)
{
	struct sftp_stage *t = &s->stage;
	ssize_t n = splice(t->pipe[0], NULL, s->options->out, NULL, t->len,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n == 0)
		errno = EPIPE;
	if (n <= 0)
		return -1;
	t->len -= (size_t)n;
	if (t->len == 0)
		t->used = 0;
	return 0;
}

void
stage_names(struct sftp_server *s, dev_t device, ino_t inode)
{
	struct sftp_stage *t = &s->stage;

	for (unsigned i = 0; i < t->n_files && i < SFTP_STAGE_FILES; i++)
		if (t->files[i].device == device && t->files[i].inode == inode)
			return;
	if (t->n_files < SFTP_STAGE_FILES) {
		t->files[t->n_files].device = device;
		t->files[t->n_files].inode = inode;
	}
	if (t->n_files <= SFTP_STAGE_FILES)
		t->n_files++;
}

/* Whether pages of the file may be under way. */
static bool
is_named(const struct sftp_stage *t, int fd)
{
	struct stat st;

	if (t->n_files == 0)
		return false;
	if (fd < 0 || t->n_files > SFTP_STAGE_FILES || fstat(fd, &st) != 0)
		return true;
	for (unsigned i = 0; i < t->n_files; i++)
		if (t->files[i].device == st.st_dev &&
		    t->files[i].inode == st.st_ino)
			return true;
	return false;
}

/* Bytes in the stream that its reader has not taken yet. */
static int
unread(const struct sftp_server *s)
{
	int len = 0;

	if (ioctl(s->options->out, s->out_is_socket ? TIOCOUTQ : FIONREAD,
		&len) != 0)
		return 0;
	return len;
}

/*
 * There is no event for "all was read", so it is looked for, less and less
 * often: who waits here is a client that changes a file before it has read the
 * answers that it asked for.
 */
void
stage_settle(struct sftp_server *s, int fd)
{
	struct pollfd p = {.fd = s->options->out};
	int wait_ms = 1;

	if (!is_named(&s->stage, fd))
		return;
	while (s->broken == 0) {
		p.events = server_write_out(s) ? 0 : POLLOUT;
		if (p.events == 0 && unread(s) == 0)
			break;
		if (poll(&p, 1, p.events == 0 ? wait_ms : -1) > 0 &&
		    (p.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
			s->broken = SFTP_EXIT_LOST;
		if (p.events == 0 && wait_ms < SETTLE_MS_MAX)
			wait_ms *= 2;
	}
	s->stage.n_files = 0;
}
