/*
 * The monitor's table of what the client has open; and the logout records of
 * its terminals.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/recording.h"
#include "lib/audit.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/records.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct chan *
chan_find(struct monitor *m, uint32_t id)
{
	struct chan *c;

	for (c = m->sessions->chans; c != NULL && c->id != id; c = c->next)
		continue;
	return c;
}

struct chan *
chan_find_lookup(struct monitor *m, uint32_t number)
{
	struct chan *c;

	for (c = m->sessions->chans; c != NULL; c = c->next)
		if (c->lookup != 0 && c->lookup == number)
			return c;
	return NULL;
}

void
chan_refuse(struct monitor *m, uint32_t id, uint32_t reason, const char *text)
{
	MONITOR_SEND(m, refused, .channel = id, .reason = reason, .text = text);
}

void
chan_cancel(
    struct monitor *m, struct chan *c, unsigned status, const char *text)
{
	char part[WALL_TEXT_MAX + 1];

	/* The part that is too long for one message is said before. */
	while (strlen(text) > WALL_TEXT_MAX) {
		(void)snprintf(part, sizeof(part), "%.*s", WALL_TEXT_MAX, text);
		MONITOR_SEND(m, say, .channel = c->id, .text = part);
		text += strlen(part);
	}
	if (c->started)
		c->ended = true;
	MONITOR_SEND(
	    m, cancelled, .channel = c->id, .status = status, .text = text);
}

void
sessions_over(struct monitor *m, const char *why)
{
	struct sessions *s = m->sessions;

	if (s->over[0] == '\0')
		snprintf(s->over, sizeof(s->over), "%s", why);
	/* A DISCONNECT at once would overtake, in the client, what was said. */
	if (s->n_open_sessions == 0 && m->state == STATE_OPEN)
		monitor_disconnect(
		    m, SSH_DISCONNECT_BY_APPLICATION, "%s", s->over);
}

struct chan *
chan_add(struct monitor *m, uint32_t id, enum chan_kind kind)
{
	struct sessions *s = m->sessions;
	struct chan *c;

	if (s->n_chans >= CHANS_MAX || chan_find(m, id) != NULL) {
		chan_refuse(
		    m, id, SSH_OPEN_RESOURCE_SHORTAGE, "too many channels");
		return NULL;
	}
	c = mem_zalloc(sizeof(*c));
	c->id = id;
	c->kind = kind;
	c->slave = c->master = c->stream = -1;
	for (int i = 0; i < 3; i++)
		c->program[i] = c->pipes[i] = -1;
	buf_init(&c->modes, WALL_MODES_MAX);
	c->since = loop_clock();
	buf_init(&c->environment, CLIENT_ENVIRONMENT_MAX);
	c->next = s->chans;
	s->chans = c;
	s->n_chans++;
	if (kind == CHAN_SESSION)
		s->n_open_sessions++;
	return c;
}

void
chan_logout(struct monitor *m, struct chan *c, const char *cause)
{
	const struct record_settings *s = &m->template->config->records;
	const char *line =
	    strncmp(c->tty, "/dev/", 5) == 0 ? &c->tty[5] : c->tty;
	struct record r = {.line = line,
	    .user = m->passwd.pw_name,
	    .uid = m->passwd.pw_uid,
	    .pid = getpid(),
	    .source = m->source,
	    .utmp = s->utmp,
	    .wtmp = s->wtmp};

	if (c->tty[0] == '\0')
		return;
	if (c->login_record) {
		record_logout(&r);
		AUDIT(logout, .tty = line, .cause = cause, .session = c->id,
		    .duration_ms = loop_clock() - c->since);
		if (strcmp(m->slot->line, line) == 0)
			m->slot->utmp_pid = 0;
	}
	c->login_record = false;
	/*
	 * Nobody opens it any more: not its user, and not somebody who waits to
	 * write to the client's terminal before the channel is closed.  The
	 * number's next user gets a device of its own.
	 */
	if (chown(c->tty, 0, 0) != 0 || chmod(c->tty, 0600) != 0)
		log_debug("%s: %s", c->tty, strerror(errno));
	c->tty[0] = '\0';
}

static void
leave_orphan(struct sessions *s, const struct chan *c)
{
	struct orphan *o = mem_zalloc(sizeof(*o));

	o->channel = c->id;
	o->pid = c->pid;
	o->since = c->since;
	o->bytes_in = c->bytes_in;
	o->bytes_out = c->bytes_out;
	o->next = s->orphans;
	s->orphans = o;
}

void
chan_audit_exit(const struct program_end *e)
{
	char number[16] = "";

	if (e->signal != 0)
		snprintf(number, sizeof(number), "%u", e->signal);
	AUDIT(process_exit, .channel = e->channel, .process = (uint64_t)e->pid,
	    .status = e->status, .signal = e->signal != 0 ? number : NULL,
	    .bytes_in = e->bytes_in, .bytes_out = e->bytes_out,
	    .duration_ms = e->ran_ms);
}

struct orphan *
chan_take_orphan(struct monitor *m, uint32_t channel)
{
	struct orphan **at = &m->sessions->orphans, *o;

	while (*at != NULL && (*at)->channel != channel)
		at = &(*at)->next;
	o = *at;
	if (o != NULL)
		*at = o->next;
	return o;
}

void
chan_remove(struct monitor *m, struct chan *c)
{
	struct sessions *s = m->sessions;
	struct chan **at = &s->chans;

	if (c->pid > 0 && !c->ended)
		leave_orphan(s, c);
	else if (c->pid > 0)
		chan_audit_exit(&(const struct program_end){.channel = c->id,
		    .pid = c->pid,
		    .status = c->status,
		    .signal = c->signal,
		    .ran_ms = c->ran_ms,
		    .bytes_in = c->bytes_in,
		    .bytes_out = c->bytes_out});
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	s->n_chans--;
	if (c->kind == CHAN_SESSION)
		s->n_open_sessions--;
	chan_logout(m, c, "closed");
	if (c->slave >= 0)
		close(c->slave);
	if (c->master >= 0)
		close(c->master);
	if (c->stream >= 0)
		close(c->stream);
	fd_close_all(c->program, 3);
	fd_close_all(c->pipes, 3);
	recording_close(m, c->id, false);
	buf_free(&c->modes);
	buf_free(&c->environment);
	free(c->agent);
	free(c->display);
	free(c->target);
	free(c->originator);
	free(c);
}

struct binding *
binding_add(struct monitor *m, enum bind_kind kind)
{
	struct sessions *s = m->sessions;
	struct binding *b;

	if (s->n_bindings >= BINDINGS_MAX)
		return NULL;
	b = mem_zalloc(sizeof(*b));
	b->number = ++s->next_number;
	b->kind = kind;
	b->next = s->bindings;
	s->bindings = b;
	s->n_bindings++;
	return b;
}

struct binding *
binding_find(struct monitor *m, uint32_t number)
{
	struct binding *b;

	for (b = m->sessions->bindings; b != NULL && b->number != number;
	     b = b->next)
		continue;
	return b;
}

void
binding_remove(struct monitor *m, struct binding *b)
{
	struct binding **at = &m->sessions->bindings;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	m->sessions->n_bindings--;
	free(b->address);
	free(b->place);
	free(b);
}
