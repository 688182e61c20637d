/*
 * The streams of a recorded channel: each piece is recorded, then passed on,
 * and the next is not read before.  How a half ends on one side is how it ends
 * on the other.
 */
#include "daemon/recorder/recorder.h"

#include "lib/log.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define TYPED_MAX  4096 /* of input, between two looks at the terminal */
#define SHORT_READ 512 /* a terminal gives 4 KB at once: ask again */
#define REST_MAX   (1024 * 1024) /* of output, at a hang-up */

static bool
is_open(const struct end *end)
{
	return end != NULL && end->fd >= 0;
}

static void
end_close(struct end *end)
{
	if (!is_open(end))
		return;
	loop_fd_remove(&end->handle);
	close(end->fd);
	end->fd = -1;
}

/* The two halves of one stream are closed one by one. */
static void
close_from(struct recorder *r, struct leg *leg)
{
	if (!r->terminal)
		end_close(leg->from);
}

static void
close_to(struct recorder *r, struct leg *leg)
{
	if (!is_open(leg->to))
		return;
	if (!r->terminal)
		end_close(leg->to);
	else if (leg == &r->output)
		(void)shutdown(leg->to->fd, SHUT_WR);
}

static void
leg_over(struct recorder *r, struct leg *leg)
{
	if (leg->over)
		return;
	leg->over = true;
	leg->len = 0;
	close_from(r, leg);
	close_to(r, leg);
}

/* ---- the recording ------------------------------------------------------- */

static void
tell_failed(struct recorder *r)
{
	bool full = r->cast.state == CAST_FULL;

	(void)WALL_SEND(&r->monitor, record_failed, .full = full,
	    .reason =
		full ? "it has reached max_size" : strerror(r->cast.error));
}

bool
legs_flush(struct recorder *r)
{
	cast_flush(&r->cast);
	if (r->told || r->cast.state == CAST_NONE || cast_is_good(&r->cast))
		return !r->halted;
	r->told = true;
	tell_failed(r);
	if (r->required)
		legs_halt(r);
	return !r->halted;
}

void
legs_tell_hidden(struct recorder *r)
{
	if (r->hidden == r->hidden_told)
		return;
	cast_mark(&r->cast, "hidden %llu",
	    (unsigned long long)(r->hidden - r->hidden_told));
	r->hidden_told = r->hidden;
}

/* ---- input -----------------------------------------------------------------
 */

/* Not known is no. */
static bool
echoes(int terminal)
{
	struct termios t;

	return tcgetattr(terminal, &t) == 0 && (t.c_lflag & ECHO) != 0;
}

/*
 * A piece goes to the terminal between two looks at its flag: it is recorded
 * only if both found it on.
 */
static ssize_t
type_some(struct recorder *r, struct leg *leg)
{
	const uint8_t *data = &leg->data[leg->at];
	int fd = leg->to->fd;
	bool shown = r->records_input && echoes(fd);
	ssize_t n = write(fd, data, leg->len);

	if (n <= 0 || !r->records_input)
		return n;
	if (shown && echoes(fd)) {
		legs_tell_hidden(r);
		cast_data(&r->cast, CAST_INPUT, data, (size_t)n);
	} else {
		r->hidden += (uint64_t)n;
	}
	return n;
}

/*
 * The client has said that its input ends.  If the program's is a socket
 * (reset_input), the byte that waits on it is what would reset it.
 */
static void
finish_input(struct recorder *r, struct leg *leg)
{
	char byte;

	if (!r->terminal && is_open(leg->to) &&
	    recv(leg->to->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno != ENOTSOCK)
		log_debug("input: %s", strerror(errno));
	leg_over(r, leg);
}

/* ---- moving ----------------------------------------------------------------
 */

static ssize_t
write_leg(struct recorder *r, struct leg *leg)
{
	ssize_t n;

	do
		n = leg == &r->input && r->terminal ?
		    type_some(r, leg) :
		    write(leg->to->fd, &leg->data[leg->at], leg->len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* False: it takes nothing more now. */
static bool
push(struct recorder *r, struct leg *leg)
{
	while (leg->len > 0 && is_open(leg->to)) {
		ssize_t n = write_leg(r, leg);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (n < 0) {
			leg_over(r, leg);
			return false;
		}
		leg->at += (size_t)n;
		leg->len -= (size_t)n;
	}
	return !leg->over;
}

/* A terminal's read() returns a line discipline's worth: take what is there. */
static ssize_t
read_some(int fd, uint8_t *into, size_t room, bool terminal)
{
	size_t total = 0;
	ssize_t n;

	do {
		n = read(fd, &into[total], room - total);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		total += (size_t)n;
	} while (terminal && n >= SHORT_READ && total < room);
	return total > 0 ? (ssize_t)total : n;
}

static void
record(struct recorder *r, struct leg *leg)
{
	if (leg != &r->input || (!r->terminal && r->records_input))
		cast_data(&r->cast, leg->stream, leg->data, leg->len);
}

/* The next piece; false: none is there, or the last has been. */
static bool
pull(struct recorder *r, struct leg *leg)
{
	bool typed = leg == &r->input && r->terminal;
	ssize_t n = read_some(leg->from->fd, leg->data,
	    typed ? TYPED_MAX : LEG_BUFFER, r->terminal && !typed);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (n == 0 && leg == &r->input) {
		finish_input(r, leg);
		return false;
	}
	if (n <= 0) {
		leg_over(r, leg);
		return false;
	}
	r->moved = true;
	leg->at = 0;
	leg->len = (size_t)n;
	record(r, leg);
	return true;
}

static void
move(struct recorder *r, struct leg *leg)
{
	if (leg->from == NULL || leg->over || r->halted || !push(r, leg))
		return;
	if (!is_open(leg->from) || !pull(r, leg))
		return;
	/* Into the file first: nothing is shown that is not recorded. */
	if (legs_flush(r))
		(void)push(r, leg);
}

/* ---- ends ------------------------------------------------------------------
 */

bool
legs_over(const struct recorder *r)
{
	const struct leg *const legs[] = {&r->output, &r->error, &r->input};

	/* A terminal's worker closes last: until then it may send. */
	for (size_t i = 0; i < 3; i++)
		if (legs[i]->from != NULL && !legs[i]->over)
			return false;
	return true;
}

/* Records the bytes that are still in the kernel; they are not passed on. */
static void
take_rest(struct recorder *r, struct leg *leg)
{
	size_t total = 0;
	ssize_t n;

	if (leg->from == NULL || leg->over || !is_open(leg->from))
		return;
	while (total < REST_MAX && cast_is_good(&r->cast) &&
	    (n = read_some(leg->from->fd, leg->data, LEG_BUFFER, r->terminal)) >
		0) {
		leg->len = (size_t)n;
		record(r, leg);
		total += (size_t)n;
	}
	leg->len = 0;
}

void
legs_hang_up(struct recorder *r)
{
	if (r->input.from != NULL && !r->input.over && r->terminal)
		while (push(r, &r->input) && pull(r, &r->input))
			continue;
	take_rest(r, &r->output);
	take_rest(r, &r->error);
	(void)legs_flush(r);
	leg_over(r, &r->output);
	leg_over(r, &r->error);
	leg_over(r, &r->input);
	for (size_t i = 0; i < 6; i++)
		end_close(&r->ends[i]);
}

void
legs_halt(struct recorder *r)
{
	r->halted = true;
	/* A terminal's first end, and the first of a pair but for input. */
	end_close(r->output.from);
	end_close(r->error.from);
	end_close(r->input.from == NULL ? NULL : r->input.to);
	legs_watch(r);
}

void
legs_end_output(struct recorder *r)
{
	leg_over(r, &r->output);
	legs_watch(r);
}

/* ---- the loop --------------------------------------------------------------
 */

static void
on_terminal(int fd, unsigned events, void *arg)
{
	struct recorder *r = ((struct end *)arg)->r;

	(void)fd;
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0)
		move(r, &r->output);
	if ((events & LOOP_WRITE) != 0)
		move(r, &r->input);
}

/* The worker's side of a terminal. */
static void
on_stream(int fd, unsigned events, void *arg)
{
	struct recorder *r = ((struct end *)arg)->r;

	(void)fd;
	if ((events & LOOP_HANGUP) != 0) {
		legs_hang_up(r);
		return;
	}
	if ((events & LOOP_READ) != 0)
		move(r, &r->input);
	if ((events & LOOP_WRITE) != 0)
		move(r, &r->output);
}

static struct leg *
leg_of(struct recorder *r, const struct end *end)
{
	struct leg *const legs[] = {&r->output, &r->error, &r->input};

	for (size_t i = 0; i < 3; i++)
		if (legs[i]->from == end || legs[i]->to == end)
			return legs[i];
	return NULL;
}

/* One end of a pipe. */
static void
on_pipe(int fd, unsigned events, void *arg)
{
	struct end *end = arg;
	struct recorder *r = end->r;
	struct leg *leg = leg_of(r, end);

	(void)fd;
	if (end == leg->to && (events & LOOP_HANGUP) != 0) {
		/* Its reader has gone: so will ours, and its writer hears. */
		if (leg != &r->input)
			take_rest(r, leg);
		(void)legs_flush(r);
		leg_over(r, leg);
	} else {
		move(r, leg);
	}
}

static void
watch_leg(struct recorder *r, struct leg *leg, unsigned *from, unsigned *to)
{
	if (leg->from == NULL || leg->over || r->halted)
		return;
	if (leg->len == 0)
		*from |= LOOP_READ;
	else
		*to |= LOOP_WRITE;
}

static void
set(struct end *end, unsigned wanted)
{
	if (is_open(end) && end->handle.loop != NULL)
		loop_fd_set(&end->handle, wanted);
}

void
legs_watch(struct recorder *r)
{
	struct leg *const legs[] = {&r->output, &r->error, &r->input};
	unsigned terminal = 0, stream = LOOP_HANGUP;

	if (r->terminal) {
		watch_leg(r, &r->output, &terminal, &stream);
		watch_leg(r, &r->input, &stream, &terminal);
		set(r->output.from, terminal);
		set(r->output.to, stream);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		unsigned from = 0, to = LOOP_HANGUP;

		if (legs[i]->from == NULL)
			continue;
		watch_leg(r, legs[i], &from, &to);
		set(legs[i]->from, from);
		set(legs[i]->to, to);
	}
}

void
legs_begin(struct recorder *r)
{
	for (size_t i = 0; i < 6; i++) {
		struct end *end = &r->ends[i];
		loop_fd_fn *fn = !r->terminal ? on_pipe :
		    end == r->output.from     ? on_terminal :
						on_stream;

		end->r = r;
		if (end->fd >= 0 &&
		    loop_fd_add(r->loop, &end->handle, end->fd, 0, fn, end) !=
			0)
			end_close(end);
	}
	legs_watch(r);
}
