/*
 * One SFTP session from INIT to the end of the stream: two buffers of fixed
 * size, many requests per read, many replies per write.  What the client does
 * not read, the server stops working for.
 */
#include "daemon/sftp/server.h"

#include "lib/fd.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A read of more than this is one of many. */
#define FLOW_SIZE 8192

/* A whole packet at the head of the input? Its length, or 0. */
static size_t
whole_packet(struct sftp_server *s)
{
	size_t have = s->tail - s->head;
	struct rd r;
	uint32_t len;

	if (have < 4)
		return 0;
	rd_init(&r, &s->in[s->head], 4);
	len = rd_u32(&r);
	if (len == 0 || len > SFTP_PACKET_MAX) {
		s->broken = SFTP_EXIT_PROTOCOL;
		return 0;
	}
	return have - 4 >= len ? len : 0;
}

static bool
out_has_room(const struct sftp_server *s)
{
	return s->out.len < SFTP_OUT_HIGH && stage_has_room(s);
}

/* Replies that follow staged data go behind it. */
static void
keep_order(struct sftp_server *s, size_t mark)
{
	if (s->stage.len != 0 && s->out.len > mark)
		stage_move(s, mark);
}

/* Handle what has arrived, as far as the replies have room. */
static void
work(struct sftp_server *s)
{
	size_t len, mark;

	while (
	    s->broken == 0 && out_has_room(s) && (len = whole_packet(s)) != 0) {
		mark = s->out.len;
		sftp_dispatch(s, &s->in[s->head + 4], len);
		s->head += 4 + len;
		keep_order(s, mark);
	}
	mark = s->out.len;
	sftp_batch_flush(s);
	keep_order(s, mark);
	if (s->head == s->tail)
		s->head = s->tail = 0;
}

/* How much to read: up to the end of a large packet, or a chunk. */
static size_t
read_size(const struct sftp_server *s)
{
	size_t have = s->tail - s->head, room = SFTP_IN_SIZE - s->tail;
	size_t want = SFTP_READ_CHUNK;
	struct rd r;
	uint32_t len;

	if (have >= 4) {
		rd_init(&r, &s->in[s->head], 4);
		len = rd_u32(&r);
		/* Ending with it, the next one begins where this one did. */
		if (len > SFTP_READ_CHUNK / 4 && have - 4 < len)
			want = len - (have - 4);
	}
	return want < room ? want : room;
}

static void
make_room(struct sftp_server *s)
{
	if (s->head == 0)
		return;
	memmove(s->in, &s->in[s->head], s->tail - s->head);
	s->tail -= s->head;
	s->head = 0;
}

static void
read_in(struct sftp_server *s)
{
	ssize_t n;

	make_room(s);
	if (s->in_is_socket)
		n = recv(s->options->in, &s->in[s->tail], read_size(s),
		    MSG_DONTWAIT);
	else
		n = read(s->options->in, &s->in[s->tail], read_size(s));
	if (n > 0)
		s->tail += (size_t)n;
	else if (n == 0)
		s->in_ended = true;
	else if (errno != EINTR && errno != EAGAIN)
		s->broken = SFTP_EXIT_LOST;
}

static bool
out_is_empty(const struct sftp_server *s)
{
	return s->out.len == 0 && s->stage.len == 0;
}

static void
write_bytes(struct sftp_server *s)
{
	const uint8_t *data = &s->out.data[s->sent];
	size_t len = s->out.len - s->sent;
	int more = s->stage.len != 0 ? MSG_MORE : 0;
	ssize_t n;

	if (s->out_is_socket)
		n = send(s->options->out, data, len,
		    MSG_DONTWAIT | MSG_NOSIGNAL | more);
	else
		n = write(s->options->out, data, len);
	if (n >= 0)
		s->sent += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN)
		s->broken = SFTP_EXIT_LOST;
	if (s->sent == s->out.len)
		s->sent = s->out.len = 0;
}

/* Write what fits without waiting: the buffer, then what is staged. */
bool
server_write_out(struct sftp_server *s)
{
	if (s->out.len != 0)
		write_bytes(s);
	if (s->out.len == 0 && s->stage.len != 0 && stage_pass(s) != 0 &&
	    errno != EINTR && errno != EAGAIN)
		s->broken = SFTP_EXIT_LOST;
	return out_is_empty(s);
}

/* The client does not take its replies: wait, reading ahead while it fits. */
static void
wait_for_either(struct sftp_server *s)
{
	bool can_read = !s->in_ended &&
	    s->tail - s->head < SFTP_IN_SIZE - SFTP_READ_CHUNK / 2;
	struct pollfd p[2] = {
	    {.fd = s->options->out, .events = POLLOUT},
	    {.fd = can_read ? s->options->in : -1, .events = POLLIN},
	};

	if (poll(p, 2, -1) < 0)
		return; /* EINTR: the caller looks again */
	if (can_read && p[1].revents != 0)
		read_in(s);
}

/*
 * Nothing to do and nothing to say.  On a pipe, read() waits (unless it was
 * told not to, or is one terminal with out).  On a socket that is out as well,
 * each reply the client takes would wake a read(), for nothing; poll() sleeps
 * through that.  In the middle of a stream of data there is no need to ask
 * first.
 */
static void
wait_for_input(struct sftp_server *s)
{
	struct pollfd p = {.fd = s->options->in, .events = POLLIN};
	size_t before = s->tail - s->head;

	if (s->in_polls && !s->in_flows && poll(&p, 1, -1) < 0)
		return;
	read_in(s);
	s->in_flows = s->tail - s->head > before + FLOW_SIZE;
}

static void
serve(struct sftp_server *s)
{
	while (s->broken == 0) {
		work(s);
		if (!out_is_empty(s)) {
			if (!server_write_out(s) && s->broken == 0)
				wait_for_either(s);
			continue;
		}
		if (s->broken != 0 || whole_packet(s) != 0)
			continue;
		if (s->in_ended)
			return;
		wait_for_input(s);
	}
	/* Answers made before the violation are still delivered. */
	if (s->broken == SFTP_EXIT_PROTOCOL && !out_is_empty(s))
		(void)server_write_out(s);
}

/*
 * No signal ends the session half way: a hang-up is followed by the end of the
 * input, and until then there are files to close and events to tell.  Nobody
 * looks into this process.
 */
static int
prepare_process(const struct sftp_options *o)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (sigaction(SIGPIPE, &ignore, NULL) != 0 ||
	    sigaction(SIGHUP, &ignore, NULL) != 0 ||
	    sigaction(SIGXFSZ, &ignore, NULL) != 0)
		return -1;
	/* /proc/self/mem must not be a file that the client can write. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return -1;
	if (o->set_umask)
		(void)umask(o->umask & 0777);
	return 0;
}

static void
prepare_streams(struct sftp_server *s)
{
	const struct sftp_options *o = s->options;
	struct stat st;
	int flags;

	/* As large as an unprivileged pipe may be; it may not be one. */
	(void)fcntl(o->in, F_SETPIPE_SZ, SFTP_PIPE_SIZE);
	(void)fcntl(o->out, F_SETPIPE_SZ, SFTP_PIPE_SIZE);
	s->in_is_socket = fstat(o->in, &st) == 0 && S_ISSOCK(st.st_mode);
	s->out_is_socket = fstat(o->out, &st) == 0 && S_ISSOCK(st.st_mode);
	if (!s->out_is_socket)
		(void)fd_set_nonblocking(o->out);
	flags = fcntl(o->in, F_GETFL);
	s->in_polls =
	    s->in_is_socket || (flags >= 0 && (flags & O_NONBLOCK) != 0);
}

static uint32_t
handle_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 ||
	    r.rlim_cur > SFTP_HANDLES_MAX + SFTP_SPARE_FDS)
		return SFTP_HANDLES_MAX;
	return r.rlim_cur <= SFTP_SPARE_FDS + 1 ?
	    1 :
	    (uint32_t)r.rlim_cur - SFTP_SPARE_FDS;
}

static void *
map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A start directory that is not there leaves the session where it is. */
static void
go_to_start(struct sftp_server *s)
{
	const char *start = s->options->start_directory;

	if (start != NULL && chdir(start) != 0) {
		struct sftp_event e = {.type = SFTP_EVENT_BAD_MESSAGE,
		    .path = start,
		    .reason = "start directory",
		    .error = errno,
		    .status = sftp_status_of(errno)};
		event_send(s, &e);
	}
	/* A directory outside the root is no place to be (chroot(2)). */
	if ((getcwd(s->directory, sizeof(s->directory)) == NULL ||
		s->directory[0] != '/') &&
	    chdir("/") == 0) {
		s->directory[0] = '/';
		s->directory[1] = '\0';
	} else if (s->directory[0] != '/')
		s->broken = SFTP_EXIT_LOST;
}

static int
server_init(struct sftp_server *s, const struct sftp_options *o)
{
	void *out;

	s->options = o;
	s->began = handles_clock();
	if (!sftp_permitted(o, &s->permitted))
		return SFTP_EXIT_OPTIONS;
	s->draft_symlink = o->draft_symlink;
	s->in = map(SFTP_IN_SIZE);
	out = map(SFTP_OUT_SIZE);
	if (s->in == NULL || out == NULL || prepare_process(o) != 0)
		return SFTP_EXIT_LOST;
	buf_init_over(&s->out, out, SFTP_OUT_SIZE);
	handles_init(&s->handles, handle_limit());
	return SFTP_EXIT_OK;
}

static void
server_end(struct sftp_server *s)
{
	struct sftp_request q = {.name = "close"};
	struct sftp_event e = {
	    .type = SFTP_EVENT_SUMMARY, .totals = &s->totals};

	for (uint32_t i = 0; i < s->handles.used; i++) {
		if (s->handles.list[i].kind == HANDLE_FREE)
			continue;
		handle_finish(s, &q, &s->handles.list[i], true);
		event_done(s, &q);
	}
	e.milliseconds = handles_clock() - s->began;
	event_send(s, &e);
	handles_free(&s->handles);
	stage_close(s);
	munmap(s->in, SFTP_IN_SIZE);
	munmap(s->out.data, SFTP_OUT_SIZE);
}

int
sftp_server_run(const struct sftp_options *options)
{
	struct sftp_server *s = map(sizeof(*s));
	struct sftp_event begin = {.type = SFTP_EVENT_BEGIN};
	int status;

	if (s == NULL)
		return SFTP_EXIT_LOST;
	status = server_init(s, options);
	if (status == SFTP_EXIT_OK) {
		prepare_streams(s);
		event_send(s, &begin);
		go_to_start(s);
		serve(s);
		status = s->broken;
		server_end(s);
	}
	munmap(s, sizeof(*s));
	return status;
}
