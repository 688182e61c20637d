/*
 * sallyportctl kill: the monitor is told to end its connection, which it does
 * in order (the client is told why, the session is closed, the log is
 * written); one that has not after some seconds is ended by force.  And
 * sallyportctl sessions message, for the same targets.
 */
#include "daemon/master/control.h"
#include "daemon/master/lobby.h"

#include "lib/audit.h"
#include "lib/log.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KILL_MS	 8000
#define WATCH_MS 1000

/* Whom a target means. */
struct selector {
	enum { BY_ID, BY_USER, BY_SOURCE, BY_KEY, BY_PRINCIPAL } by;
	const char *text;
	uint64_t id;
	struct net_network source;
};

static bool
is_id(const char *text)
{
	return strlen(text) == 16 &&
	    strspn(text, "0123456789abcdefABCDEF") == 16;
}

static bool
has_prefix(const char **text, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*text, prefix, n) != 0)
		return false;
	*text += n;
	return true;
}

/* "id:...", "user:...", "from:...", "key:...", "principal:...", or what the
 * text looks like.  NULL, or what is wrong. */
static const char *
select_by(const char *text, struct selector *s)
{
	memset(s, 0, sizeof(*s));
	if (has_prefix(&text, "user:"))
		s->by = BY_USER;
	else if (has_prefix(&text, "key:"))
		s->by = BY_KEY;
	else if (has_prefix(&text, "principal:"))
		s->by = BY_PRINCIPAL;
	else if (has_prefix(&text, "from:")) {
		s->by = BY_SOURCE;
		if (net_parse_network(text, &s->source) != 0)
			return "is no address or network";
	} else if (has_prefix(&text, "id:")) {
		s->by = BY_ID;
		if (!is_id(text))
			return "is no connection's id (16 hexadecimal digits)";
	} else if (is_id(text))
		s->by = BY_ID;
	else if (strncmp(text, "SHA256:", 7) == 0)
		s->by = BY_KEY;
	else if (net_parse_network(text, &s->source) == 0)
		s->by = BY_SOURCE;
	else
		s->by = BY_USER;
	if (s->by == BY_ID)
		s->id = strtoull(text, NULL, 16);
	s->text = text;
	return *text == '\0' ? "is empty" : NULL;
}

static bool
selects(const struct selector *s, const struct connection *c)
{
	struct slot slot;

	switch (s->by) {
	case BY_ID:
		return c->id == s->id;
	case BY_SOURCE:
		return net_contains(&s->source, &c->source);
	case BY_USER:
		connection_slot(c, &slot);
		return strcmp(slot.user, s->text) == 0;
	case BY_KEY:
		connection_slot(c, &slot);
		return strcmp(slot.key, s->text) == 0;
	case BY_PRINCIPAL:
		connection_slot(c, &slot);
		return strcmp(slot.principal, s->text) == 0;
	}
	return false;
}

static void
on_watch(void *arg)
{
	control_kill_watch(arg);
}

void
control_kill_watch(struct master *m)
{
	uint64_t now = loop_clock();
	bool more = false;

	for (struct connection *c = m->connections; c != NULL; c = c->next) {
		if (c->kill_at == 0)
			continue;
		if (now < c->kill_at) {
			more = true;
			continue;
		}
		c->kill_at = 0;
		c->ended_by_us = true;
		log_warn("connection %016llx did not end in time: by force",
		    (unsigned long long)c->id);
		child_signal(c->worker_pidfd, SIGKILL);
		child_signal(c->monitor_pidfd, SIGKILL);
	}
	if (more && m->control != NULL)
		loop_timer_start(
		    m->loop, &m->control->kills, WATCH_MS, on_watch, m);
}

static void
end_connection(struct control_client *by, struct connection *c)
{
	char id[AUDIT_CONN_ID_SIZE];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)c->id);
	connection_audit(c);
	AUDIT(session_kill, .target = id, .actor = by->actor);
	audit_forget_connection();
	control_record(by);
	control_text(by, "id", id);
	if (c->client >= 0) {
		lobby_end(c, "killed", "ended by the administrator");
		return;
	}
	if (c->kill_at == 0)
		c->kill_at = loop_clock() + KILL_MS;
	child_signal(c->monitor_pidfd, SIGTERM);
}

static bool
leave_message(const struct connection *c, const char *text)
{
	struct slot *s = &c->generation->slots[c->slot];

	if (s->message_number !=
	    __atomic_load_n(&s->message_taken, __ATOMIC_ACQUIRE))
		return false;
	snprintf(s->message, sizeof(s->message), "%s", text);
	__atomic_store_n(
	    &s->message_number, s->message_number + 1, __ATOMIC_RELEASE);
	child_signal(c->monitor_pidfd, SIGUSR1);
	return true;
}

void
control_message(struct control_client *c, const char *target, const char *text)
{
	struct selector s;
	bool all = strcmp(target, "all") == 0;
	const char *wrong = all ? NULL : select_by(target, &s);
	unsigned count = 0;

	if (wrong == NULL && strlen(text) > SLOT_MESSAGE_MAX)
		wrong = "the text is too long";
	for (struct connection *k = c->m->connections;
	     wrong == NULL && k != NULL; k = k->next) {
		struct slot slot;
		char id[AUDIT_CONN_ID_SIZE];

		connection_slot(k, &slot);
		/* Its terminal's record is open as long as it has one. */
		if (k->monitor_dead || slot.utmp_pid == 0 ||
		    (!all && !selects(&s, k)))
			continue;
		count++;
		snprintf(id, sizeof(id), "%016llx", (unsigned long long)k->id);
		control_record(c);
		control_text(c, "id", id);
		control_bool(c, "told", leave_message(k, text));
	}
	if (wrong == NULL && count == 0 && !all)
		wrong = "no such connection has a terminal";
	if (wrong != NULL)
		control_error(c, "%s: %s", target, wrong);
	else
		control_ok(c);
}

void
control_kill(struct control_client *c, const char *target)
{
	struct master *m = c->m;
	struct connection *next;
	struct selector s;
	const char *wrong = select_by(target, &s);
	unsigned count = 0;

	if (wrong != NULL) {
		control_error(c, "%s: %s", target, wrong);
		return;
	}
	for (struct connection *k = m->connections; k != NULL; k = next) {
		next = k->next;
		if (k->monitor_dead || !selects(&s, k))
			continue;
		end_connection(c, k);
		count++;
	}
	if (count == 0) {
		control_error(c, "%s: no such connection", target);
		return;
	}
	control_kill_watch(m);
	control_ok(c);
}
