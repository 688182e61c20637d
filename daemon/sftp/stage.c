/*
 * Large READ data by reference: splice() from the page cache into a pipe of
 * ours, packet after packet with their headers, then from there to the
 * client's stream.  Nothing is copied in this process; measured at a fifth of
 * the cost of pread() and write().
 *
 * The order on the stream is s->out, then the stage: what is answered while
 * something is staged is moved behind it.
 */
#include "daemon/sftp/server.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Places in a pipe that len bytes may take: their pages, and ragged ends. */
static unsigned
slots_of(size_t len)
{
	return (unsigned)(len / 4096) + 2;
}

/*
 * splice() to a socket waits unless the socket says not to (Linux 6.5 and
 * later look at nothing else).  A pipe is that way from the start.
 */
static int
never_wait(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_NONBLOCK) != 0)
		return flags < 0 ? -1 : 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
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
	if (never_wait(s->options->out) != 0 ||
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
