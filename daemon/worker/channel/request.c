/*
 * Requests on a channel, RFC 4254 sections 5.4 and 6.  Each that grants
 * something is the monitor's to decide; answers leave in the order in which
 * the client asked, however late one of them comes.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <sys/ioctl.h>

#include <stdlib.h>
#include <string.h>

struct request {
	struct channel *c;
	struct rd *r;
	bool want_reply;
	char name[NAME_MAX_SSH];
};

typedef int request_handler(struct request *q);

char *
channel_text(struct rd *r, size_t max)
{
	size_t len;
	const uint8_t *at = rd_string(r, SSH_PACKET_MAX, &len);

	if (r->err != 0 || len > max || memchr(at, '\0', len) != NULL)
		return NULL;
	return mem_strndup((const char *)at, len);
}

static void
reply(struct channel *c, bool yes)
{
	struct buf *b;

	if (c->close_sent)
		return;
	b = packet_start(c->table->w,
	    yes ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE);
	buf_u32(b, c->peer);
	packet_send(c->table->w);
}

/* Send what is answered and has nothing unanswered before it. */
static void
flush_answers(struct channel *c)
{
	while (c->answers_len != 0) {
		struct answer *a = &c->answers[c->answers_head];

		if (a->state == ANSWER_WAITING)
			return;
		if (a->want_reply)
			reply(c, a->state == ANSWER_YES);
		c->answers_head++;
		c->answers_len--;
	}
	c->answers_head = 0;
}

static int
push_answer(struct request *q, enum ask ask, enum answer_state state)
{
	struct channel *c = q->c;
	size_t at = c->answers_head + c->answers_len;

	if (c->answers_len >= ANSWERS_MAX) {
		log_warn("channel %u: too many requests at once", c->id);
		return E_LIMIT;
	}
	if (at == c->answers_room) {
		if (c->answers_head != 0) {
			memmove(c->answers, &c->answers[c->answers_head],
			    c->answers_len * sizeof(*c->answers));
			c->answers_head = 0;
			at = c->answers_len;
		} else {
			c->answers_room += 16 + c->answers_room;
			c->answers = mem_grow(
			    c->answers, c->answers_room, sizeof(*c->answers));
		}
	}
	c->answers[at] = (struct answer){.ask = (uint8_t)ask,
	    .state = (uint8_t)state,
	    .want_reply = q->want_reply};
	c->answers_len++;
	flush_answers(c);
	return 0;
}

static int
refuse(struct request *q)
{
	return push_answer(q, ASK_NOTHING, ANSWER_NO);
}

static int
accept_here(struct request *q)
{
	return push_answer(q, ASK_NOTHING, ANSWER_YES);
}

bool
channel_asked(const struct channel *c, enum ask ask)
{
	for (size_t i = 0; i < c->answers_len; i++) {
		const struct answer *a = &c->answers[c->answers_head + i];

		if (a->ask == ask && a->state == ANSWER_WAITING)
			return true;
	}
	return false;
}

/* The monitor's answer to the oldest question that has none. */
void
channel_answer(struct channel *c, enum answer_state state, const char *text)
{
	struct answer *a = NULL;
	bool start, took_long;

	for (size_t i = 0; i < c->answers_len && a == NULL; i++)
		if (c->answers[c->answers_head + i].state == ANSWER_WAITING)
			a = &c->answers[c->answers_head + i];
	if (a == NULL) {
		log_warn("channel %u: an answer without a question", c->id);
		return;
	}
	start = a->ask == ASK_START;
	took_long =
	    a->ask == ASK_AGENT || a->ask == ASK_X11 || a->ask == ASK_PTY;
	if (start && state == ANSWER_NO) {
		c->start_asked = false;
		channel_say_line(c, text);
	}
	a->state = (uint8_t)state;
	flush_answers(c);
	if (took_long)
		channel_ask_on(c);
	if (start && state == ANSWER_YES) {
		c->started = true;
		if (c->output.fd >= 0) {
			channel_begin(c);
		} else {
			/* It has failed already. */
			c->began = c->exited;
			channel_settle(c);
		}
	}
}

/* As a shell has it of a command that cannot be executed. */
#define EXIT_NOT_EXECUTED 126

static int
on_pty_req(struct request *q)
{
	struct channel *c = q->c;
	struct msg_pty m = {.channel = c->id};
	char *term = channel_text(q->r, 256);
	const uint8_t *modes;
	size_t modes_len;
	int err;

	m.columns = rd_u32(q->r);
	m.rows = rd_u32(q->r);
	m.width = rd_u32(q->r);
	m.height = rd_u32(q->r);
	modes = rd_string(q->r, SSH_PACKET_MAX, &modes_len);
	err = rd_end(q->r);
	m.term = term;
	if (err == 0 &&
	    (term == NULL || modes_len > WALL_MODES_MAX || c->pty ||
		c->start_asked || channel_asked(c, ASK_PTY))) {
		err = refuse(q);
	} else if (err == 0) {
		free(c->modes);
		c->modes = mem_dup(modes, modes_len);
		c->modes_len = modes_len;
		m.modes = (struct bytes){.data = modes, .len = modes_len};
		err = channel_ask(
		    c, &(const struct wall_message){.type = MSG_pty, .pty = m});
		if (err == 0)
			err = push_answer(q, ASK_PTY, ANSWER_WAITING);
	}
	free(term);
	return err;
}

/* In the words of a shell whose execve(2) fails. */
static void
say_too_long(struct channel *c, const char *what)
{
	char *text = mem_printf("%s: Argument list too long", what);

	channel_say_line(c, text);
	free(text);
}

static int
on_env_req(struct request *q)
{
	char *name = channel_text(q->r, 1024), *value;
	bool long_value = rd_left(q->r) > 4 + SSH_EXEC_STRING_MAX;
	int err;

	value = channel_text(q->r, SSH_EXEC_STRING_MAX);
	err = rd_end(q->r);
	if (err == 0 && name != NULL && long_value && !q->c->start_asked)
		say_too_long(q->c, name);
	if (err == 0 && (name == NULL || value == NULL || q->c->start_asked)) {
		err = refuse(q);
	} else if (err == 0) {
		err = CHANNEL_ASK(q->c, env, .name = name, .value = value);
		if (err == 0)
			err = push_answer(q, ASK_ENV, ANSWER_WAITING);
	}
	free(name);
	free(value);
	return err;
}

static int
on_x11_req(struct request *q)
{
	bool single = rd_bool(q->r);
	char *protocol = channel_text(q->r, 64),
	     *cookie = channel_text(q->r, 256);
	uint32_t screen = rd_u32(q->r);
	int err = rd_end(q->r);

	if (err == 0 &&
	    (protocol == NULL || cookie == NULL || screen > 1024 ||
		q->c->start_asked)) {
		err = refuse(q);
	} else if (err == 0) {
		err = CHANNEL_ASK(q->c, x11, .single = single,
		    .protocol = protocol, .cookie = cookie, .screen = screen);
		if (err == 0)
			err = push_answer(q, ASK_X11, ANSWER_WAITING);
	}
	free(protocol);
	free(cookie);
	return err;
}

/* The channel type that comes back has a name to go with the request's. */
static int
on_agent_req(struct request *q)
{
	int err = rd_end(q->r);

	if (err != 0)
		return err;
	if (q->c->start_asked)
		return refuse(q);
	q->c->table->agent_by_rfc = strcmp(q->name, "agent-req") == 0;
	if ((err = CHANNEL_ASK(q->c, agent)) != 0)
		return err;
	return push_answer(q, ASK_AGENT, ANSWER_WAITING);
}

static int
start(struct request *q, enum start_kind kind, const char *command)
{
	struct channel *c = q->c;
	int err;

	if (command == NULL || c->start_asked)
		return refuse(q);
	c->start_asked = true;
	if (kind == START_SUBSYSTEM)
		channel_timeout_name(c, "session:subsystem:%.64s", command);
	else
		channel_timeout_name(
		    c, "session:%s", kind == START_SHELL ? "shell" : "command");
	err = CHANNEL_ASK(c, start, .kind = (uint8_t)kind, .command = command);
	return err != 0 ? err : push_answer(q, ASK_START, ANSWER_WAITING);
}

static int
on_shell_req(struct request *q)
{
	int err = rd_end(q->r);

	return err != 0 ? err : start(q, START_SHELL, "");
}

/* A text with a refusal is shown by no client. */
static int
cancel_too_long(struct request *q)
{
	int err = accept_here(q);

	if (err != 0)
		return err;
	q->c->start_asked = q->c->started = true;
	channel_cancel(
	    q->c, EXIT_NOT_EXECUTED, "the command: Argument list too long");
	return 0;
}

static int
start_named(struct request *q, enum start_kind kind)
{
	bool too_long = rd_left(q->r) > 4 + SSH_EXEC_STRING_MAX;
	char *command = channel_text(q->r, SSH_EXEC_STRING_MAX);
	int err = rd_end(q->r);

	if (err == 0 && too_long && !q->c->start_asked && kind == START_EXEC)
		err = cancel_too_long(q);
	else if (err == 0)
		err = start(q, kind, command);
	free(command);
	return err;
}

static int
on_exec_req(struct request *q)
{
	return start_named(q, START_EXEC);
}

static int
on_subsystem_req(struct request *q)
{
	return start_named(q, START_SUBSYSTEM);
}

static int
on_window_change_req(struct request *q)
{
	struct channel *c = q->c;
	uint32_t columns = rd_u32(q->r), rows = rd_u32(q->r);
	uint32_t width = rd_u32(q->r), height = rd_u32(q->r);
	struct winsize size = {.ws_col = (unsigned short)columns,
	    .ws_row = (unsigned short)rows,
	    .ws_xpixel = (unsigned short)width,
	    .ws_ypixel = (unsigned short)height};
	int err = rd_end(q->r);

	if (err != 0)
		return err;
	if (!c->pty)
		return refuse(q);
	if (c->recorded)
		(void)CHANNEL_ASK(c, window, .columns = columns, .rows = rows,
		    .width = width, .height = height);
	else if (c->output.fd >= 0)
		(void)ioctl(c->output.fd, TIOCSWINSZ, &size);
	return accept_here(q);
}

static int
on_signal_req(struct request *q)
{
	char *name = channel_text(q->r, 64);
	int err = rd_end(q->r);

	if (err == 0 && (name == NULL || !q->c->start_asked || q->c->exited)) {
		err = refuse(q);
	} else if (err == 0) {
		err = CHANNEL_ASK(q->c, signal, .name = name);
		if (err == 0)
			err = accept_here(q);
	}
	free(name);
	return err;
}

/*
 * RFC 4335.  A pseudo-terminal has no line that could be broken: the kernel's
 * tcsendbreak() on one does nothing and succeeds, and sshd calls just that.
 */
static int
on_break_req(struct request *q)
{
	int err;

	(void)rd_u32(q->r); /* its length in ms */
	if ((err = rd_end(q->r)) != 0)
		return err;
	if (!q->c->pty || !q->c->started || q->c->output.fd < 0)
		return refuse(q);
	return accept_here(q);
}

/*
 * The client's reader has gone: the program shall notice (PROTOCOL 2.1), also
 * one that has not begun yet.
 */
static int
on_eow_req(struct request *q)
{
	struct channel *c = q->c;
	int err = rd_end(q->r);

	if (err != 0 || (err = accept_here(q)) != 0)
		return err;
	channel_stop_reading(c);
	channel_settle(c);
	return 0;
}

static const struct {
	const char *name;
	request_handler *handler;
} requests[] = {
    {"pty-req", on_pty_req},
    {"env", on_env_req},
    {"shell", on_shell_req},
    {"exec", on_exec_req},
    {"subsystem", on_subsystem_req},
    {"window-change", on_window_change_req},
    {"signal", on_signal_req},
    {"break", on_break_req},
    {"x11-req", on_x11_req},
    {"auth-agent-req@openssh.com", on_agent_req},
    {"agent-req", on_agent_req},
    {"eow@openssh.com", on_eow_req},
};

int
channel_request(struct worker *w, struct rd *r)
{
	struct request q = {.r = r};
	const uint8_t *name;
	size_t len;
	int err = channel_of_packet(w, r, &q.c);

	if (err != 0)
		return err;
	name = rd_string(r, SSH_PACKET_MAX, &len);
	q.want_reply = rd_bool(r);
	if (r->err != 0)
		return r->err;
	if (len < sizeof(q.name) && memchr(name, '\0', len) == NULL)
		memcpy(q.name, name, len);
	if (q.c->kind == KIND_SESSION && !q.c->close_sent)
		for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]);
		     i++)
			if (strcmp(q.name, requests[i].name) == 0)
				return requests[i].handler(&q);
	return refuse(&q);
}

/* We ask nothing of a client on a channel: nothing can answer. */
int
channel_success(struct worker *w, struct rd *r)
{
	struct channel *c;
	int err = channel_of_packet(w, r, &c);

	return err != 0 ? err : rd_end(r);
}

int
channel_failure(struct worker *w, struct rd *r)
{
	return channel_success(w, r);
}
