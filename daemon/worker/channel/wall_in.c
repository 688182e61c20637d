/*
 * Messages of the two walls to the channels: the monitor's answers, which are
 * trusted, and the session's descriptors, which come from a process that its
 * user can control.  A descriptor from there that nothing waits for is closed.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/ssh/modes.h"

#include <stdlib.h>
#include <string.h>

/* As a shell has it of a command that cannot be executed. */
#define EXIT_NOT_STARTED 126

int
on_opened(struct worker *w, struct wall_message *m)
{
	if (m->opened.log_level != 0)
		log_set_level(m->opened.log_level - 2);
	channels_start(w, &m->opened);
	transport_opened(w, &m->opened);
	return 0;
}

int
on_granted(struct worker *w, struct wall_message *m)
{
	struct channel *c = channel_find(w->channels, m->granted.channel);

	if (c == NULL)
		return 0; /* closed meanwhile */
	if (c->state == CHANNEL_OPEN) {
		channel_answer(c, ANSWER_YES, "");
	} else if (c->state == CHANNEL_ASKING) {
		c->granted = true;
		if (c->kind == KIND_SESSION)
			channel_confirm(c);
		else
			channel_stream_ready(c);
	}
	return 0;
}

int
on_refused(struct worker *w, struct wall_message *m)
{
	struct channel *c = channel_find(w->channels, m->refused.channel);

	if (c == NULL)
		return 0;
	if (c->state == CHANNEL_OPEN)
		channel_answer(c, ANSWER_NO, m->refused.text);
	else if (c->state == CHANNEL_ASKING)
		channel_refuse(c, m->refused.reason, m->refused.text);
	return 0;
}

int
on_cancelled(struct worker *w, struct wall_message *m)
{
	struct channel *c = channel_find(w->channels, m->cancelled.channel);

	if (c == NULL || c->kind != KIND_SESSION || !c->start_asked ||
	    c->exited)
		return 0;
	if (channel_asked(c, ASK_START))
		channel_answer(c, ANSWER_YES, "");
	channel_cancel(c, m->cancelled.status, m->cancelled.text);
	return 0;
}

/* The modes are kept as long as a recorder's stream stands for the terminal,
 * which may come after all. */
static int
take_terminal(struct channel *c, struct wall_message *m)
{
	int err = channel_attach(c, m->fds[0]);

	if (err != 0)
		return err;
	m->fds[0] = -1;
	c->recorded = m->pty_made.recorded;
	if (c->recorded)
		return 0;
	modes_apply(c->output.fd, c->modes, c->modes_len);
	free(c->modes);
	c->modes = NULL;
	c->modes_len = 0;
	return 0;
}

/* Before the program, once: its recorder cannot be started and need not be. */
static bool
is_instead(const struct channel *c, const struct msg_pty_made *p)
{
	return c->pty && c->recorded && !c->began && !p->recorded;
}

/* The terminal itself, unless the channel has ended meanwhile. */
static int
replace_stream(struct channel *c, struct wall_message *m)
{
	if (c->output.fd < 0)
		return 0;
	channel_close_ends(c);
	return take_terminal(c, m);
}

int
on_pty_made(struct worker *w, struct wall_message *m)
{
	struct channel *c = channel_find(w->channels, m->pty_made.channel);
	int err;

	if (c == NULL)
		return 0;
	if (is_instead(c, &m->pty_made))
		return replace_stream(c, m);
	if (c->pty || c->output.fd >= 0 || !channel_asked(c, ASK_PTY))
		return E_STATE;
	if ((err = take_terminal(c, m)) != 0)
		return err;
	c->pty = c->interactive = true;
	if (w->channels->n_pty++ == 0)
		transport_interactive(w, true);
	channel_answer(c, ANSWER_YES, "");
	return 0;
}

void
channels_say(struct channels *t, const char *text)
{
	for (uint32_t i = 0; i < t->n_slots; i++)
		if (t->slots[i] != NULL && t->slots[i]->pty)
			channel_remark(t->slots[i], text);
}

int
on_say(struct worker *w, struct wall_message *m)
{
	struct channels *t = w->channels;
	struct channel *c;

	if (t == NULL)
		return E_STATE;
	if (m->say.channel != CHANNEL_NONE) {
		c = channel_find(t, m->say.channel);
		if (c != NULL)
			channel_say(c, m->say.text);
		return 0;
	}
	channels_say(t, m->say.text);
	return 0;
}

/* A program's descriptors, wanted once, after it was asked for. */
static int
take_pipes(struct worker *w, uint32_t channel, bool recorded, int fds[3])
{
	struct channel *c = channel_find(w->channels, channel);

	if (c == NULL || c->kind != KIND_SESSION || c->pty || !c->start_asked ||
	    c->began || c->output.fd >= 0 || c->close_received || c->close_sent)
		return 0;
	if (channel_attach_pipes(c, fds) != 0)
		return 0;
	fds[0] = fds[1] = fds[2] = -1;
	c->recorded = recorded;
	if (c->started)
		channel_begin(c);
	return 0;
}

/* They come before the program is ordered: `pipes` of the session process
 * cannot take their place. */
int
on_recorded_pipes(struct worker *w, struct wall_message *m)
{
	return take_pipes(w, m->recorded_pipes.channel, true, m->fds);
}

/* ---- from the session --------------------------------------------------- */

int
on_pipes(struct worker *w, struct wall_message *m)
{
	return take_pipes(w, m->pipes.channel, false, m->fds);
}

int
on_stream(struct worker *w, struct wall_message *m)
{
	struct channel *c = channel_find(w->channels, m->stream.channel);

	if (c == NULL || c->state != CHANNEL_ASKING ||
	    c->kind == KIND_SESSION || c->output.fd >= 0)
		return 0;
	if (channel_attach(c, m->fds[0]) != 0)
		return 0;
	m->fds[0] = -1;
	channel_stream_ready(c);
	return 0;
}

/* The monitor says so too, and is the one who is believed. */
int
on_running(struct worker *w, struct wall_message *m)
{
	(void)w;
	log_debug("channel %u: its program runs", m->running.channel);
	return 0;
}

/*
 * No process could be made for a program (the user's limits): the client has
 * been told that it starts, and hears now why it has ended.  Of sockets the
 * monitor tells.
 */
int
on_failed(struct worker *w, struct wall_message *m)
{
	struct channel *c = channel_find(w->channels, m->failed.channel);

	log_debug("channel %u: failed: %s", m->failed.channel, m->failed.text);
	if (c == NULL || c->kind != KIND_SESSION || !c->start_asked ||
	    c->exited || (c->output.fd >= 0 && !c->pty && !c->recorded))
		return 0;
	channel_say_line(c, m->failed.text);
	c->exited = true;
	c->exit_status = EXIT_NOT_STARTED;
	if (c->started)
		c->began = true;
	channel_settle(c);
	return 0;
}

int
on_exited(struct worker *w, struct wall_message *m)
{
	struct channel *c = channel_find(w->channels, m->exited.channel);

	if (c == NULL || c->kind != KIND_SESSION || !c->start_asked ||
	    c->exited)
		return 0;
	c->exited = true;
	c->exit_status = m->exited.status;
	c->exit_core = m->exited.core;
	strncpy(c->exit_signal, m->exited.signal, sizeof(c->exit_signal) - 1);
	channel_settle(c);
	return 0;
}

PEER_HANDLE(SESSION_WORKER)
static const struct peer from_session = {.handle = peer_SESSION_WORKER};

/*
 * Its programs may live on, but nobody will say how they end; sockets that
 * were on their way do not come any more.
 */
void
channels_session_lost(struct channels *t)
{
	loop_fd_remove(&t->session_handle);
	wall_free(&t->w->session);
	for (uint32_t i = 0; i < t->n_slots; i++) {
		struct channel *c = t->slots[i];

		if (c == NULL)
			continue;
		if (c->state == CHANNEL_ASKING && c->granted) {
			channel_refuse(
			    c, SSH_OPEN_CONNECT_FAILED, "session lost");
		} else if (c->kind == KIND_SESSION && c->start_asked) {
			c->orphan = true;
			if (c->started)
				c->began = true;
			channel_settle(c);
		}
	}
}

static void
on_session_readable(int fd, unsigned events, void *arg)
{
	struct channels *t = arg;
	int err = peer_read(&from_session, &t->w->session, t->w);

	(void)fd;
	(void)events;
	if (err == 0 || err == E_AGAIN)
		return;
	if (err != E_CLOSED)
		log_warn("session process: %s", err_text(err));
	else
		log_verbose("session process: gone");
	channels_session_lost(t);
}

/* The first, or another one after the first was lost. */
int
on_session_wall(struct worker *w, struct wall_message *m)
{
	struct channels *t = w->channels;
	int err;

	if (t == NULL)
		return E_STATE;
	if (w->session.fd >= 0)
		channels_session_lost(t);
	wall_init(
	    &w->session, m->fds[0], PATH_SESSION_WORKER, PATH_SESSION_WORKER);
	m->fds[0] = -1;
	err = loop_fd_add(w->loop, &t->session_handle, w->session.fd, LOOP_READ,
	    on_session_readable, t);
	return err;
}
