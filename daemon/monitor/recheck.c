/*
 * The monitor's side of a judgement of its open connection.  The facts are
 * those that were frozen at the login; account, groups, revocation lists and
 * the policy are the judge's to look up.  A judge that does not answer, or
 * that could not learn a fact, changes nothing.
 */
#include "daemon/monitor/recheck.h"

#include "config/policy/narrow.h"
#include "config/policy/timed.h"
#include "daemon/monitor/auth.h"
#include "daemon/monitor/sessions.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/refusals.h"
#include "privsep/directory.h"
#include "privsep/wall_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS     60000 /* then it is not known */
#define AGAIN_MS      200 /* the door is full, or another generation serves */
#define AGAIN_MOST    50
#define GRANT_AGAIN_S 60

struct recheck {
	struct wall judge; /* fd -1: none is waited for */
	uint64_t due, give_up; /* ms, UINT64_MAX */
	unsigned tries;
	uint32_t round, cause;
	bool locked; /* at the login: that it is locked now is no change */
	uint32_t on_change; /* the strictest word of those that were heard */
	/* The login's decision, and that decision as the last judgement
	 * narrowed it. */
	struct decision *frozen, *narrowed;
	/* While answers come: what they make of it. */
	struct decision *next;
	int err;
	bool over; /* the judge has said all, or is not waited for any more */
	bool by_grant; /* a grant for a time let it in */
	bool narrowed_now; /* by the answer that was just read */
	/* The result that was audited last. */
	char before[WALL_TEXT_MAX + 80];
	bool refused;
	uint64_t end; /* ms, UINT64_MAX */
	const char *end_why;
};

static void
drop(struct decision **d)
{
	if (*d != NULL)
		decision_free(*d);
	free(*d);
	*d = NULL;
}

void
recheck_begin(struct monitor *m, bool locked)
{
	struct recheck *r = mem_zalloc(sizeof(*r));

	r->judge.fd = m->judge_fd = -1;
	r->due = r->give_up = r->end = UINT64_MAX;
	r->frozen = m->decision;
	r->on_change = m->decision->grants.on_change;
	r->locked = locked;
	r->by_grant = m->slot->recheck_at != 0;
	snprintf(r->before, sizeof(r->before), "allowed by %s", m->slot->rule);
	m->recheck = r;
	recheck_asked(m); /* the slot has been open since fill_slot() */
}

static void
stop_waiting(struct monitor *m)
{
	struct recheck *r = m->recheck;

	if (r->judge.fd >= 0)
		wall_free(&r->judge);
	r->judge.fd = m->judge_fd = -1;
	r->give_up = UINT64_MAX;
	r->over = false;
	drop(&r->next);
}

void
recheck_end(struct monitor *m)
{
	struct recheck *r = m->recheck;

	if (r == NULL)
		return;
	stop_waiting(m);
	if (m->decision == r->narrowed)
		m->decision = r->frozen;
	drop(&r->narrowed);
	free(r);
	m->recheck = NULL;
}

void
recheck_asked(struct monitor *m)
{
	struct recheck *r = m->recheck;
	uint32_t round =
	    __atomic_load_n(&m->slot->recheck_number, __ATOMIC_ACQUIRE);

	if (r == NULL || round == r->round)
		return;
	r->round = round;
	r->cause = m->slot->recheck_cause;
	r->tries = 0;
	/* The policy is the same: there is nothing to do about the rest. */
	if (r->cause == RECHECK_INTERVAL && r->on_change == CONFIG_NONE) {
		m->slot->recheck_done = round;
		return;
	}
	stop_waiting(m);
	r->due = loop_clock();
}

int
recheck_fd(const struct monitor *m)
{
	return m->recheck == NULL ? -1 : m->recheck->judge.fd;
}

uint64_t
recheck_limit(const struct monitor *m, const char **why)
{
	if (m->recheck == NULL)
		return UINT64_MAX;
	*why = m->recheck->end_why;
	return m->recheck->end;
}

/* ---- asking ---- */

static int
send_key(struct wall *w, const struct attempt *a, const struct key_copy *copy)
{
	const struct key_facts *k = &a->key_facts;

	return WALL_SEND(w, judge_key, .type = k->type,
	    .algorithm = a->algorithm, .fingerprint = k->fingerprint,
	    .source = k->source, .ca = k->ca_fingerprint, .bits = k->bits,
	    .touched = k->touched, .verified = k->verified,
	    .blob = {copy->data, copy->len});
}

static int
send_keys(const struct auth *a, struct wall *w)
{
	int err = 0;

	for (const struct earlier_key *e = a->earlier; e != NULL && err == 0;
	     e = e->next)
		err = send_key(w, &e->key, &e->copy);
	if (err == 0 && a->last_key.key_facts.told)
		err = send_key(w, &a->last_key, &a->last_copy);
	return err;
}

static char *
methods_text(const struct auth *a)
{
	char *text = mem_strdup(""), *longer;

	for (size_t i = 0; i < a->facts.method_count; i++) {
		longer = mem_printf(
		    "%s%s%s", text, i > 0 ? "," : "", a->facts.methods[i]);
		free(text);
		text = longer;
	}
	return text;
}

static const char *
text_or(const char *text)
{
	return text == NULL ? "" : text;
}

/* All of it lies in the wall before anybody has its other end. */
static int
send_facts(struct monitor *m, struct wall *w)
{
	const struct policy_facts *f = &m->auth->facts;
	char source[NET_TEXT_MAX], *methods = methods_text(m->auth);
	int err;

	err =
	    WALL_SEND(w, judge_login, .generation = m->slot->recheck_generation,
		.round = m->recheck->round, .user = m->passwd.pw_name,
		.uid = (uint32_t)m->passwd.pw_uid,
		.source = m->source.family == NET_NONE ?
		    "" :
		    net_print(&m->source, source),
		.listener = m->listener, .methods = methods,
		.principal = text_or(f->principal), .delegated = f->delegated,
		.rule = m->slot->rule, .locked = m->recheck->locked,
		.key_command = text_or(f->key_command));
	free(methods);
	if (err == 0)
		err = send_keys(m->auth, w);
	if (err == 0)
		err = WALL_SEND(w, judge_now);
	if (err == 0 && wall_queue_waiting(w))
		err = E_TOO_LARGE;
	return err;
}

/* The door is all monitors': what it does not take now is tried again. */
static int
knock(int shared, int end)
{
	struct wall door;
	int fd = dup(shared), err;

	if (fd < 0)
		return E_SYSTEM;
	wall_init(&door, fd, PATH_MONITORS_JUDGES, PATH_MONITORS_JUDGES);
	err = WALL_SEND_FD(&door, end, judge_me);
	if (err == 0 && wall_queue_waiting(&door))
		err = E_AGAIN;
	wall_free(&door);
	return err;
}

static int
ask(struct monitor *m)
{
	struct recheck *r = m->recheck;
	int ends[2], err;

	if (m->template->judges < 0)
		return E_STATE;
	if (wall_pair(ends) != 0)
		return E_SYSTEM;
	wall_init(&r->judge, ends[0], PATH_MONITOR_JUDGE, PATH_JUDGE_MONITOR);
	m->judge_fd = ends[0];
	err = fd_set_nonblocking(ends[0]) == 0 ? send_facts(m, &r->judge) :
						 E_SYSTEM;
	if (err == 0)
		err = knock(m->template->judges, ends[1]);
	close(ends[1]);
	if (err != 0) {
		stop_waiting(m);
		return err;
	}
	r->give_up = loop_clock() + ANSWER_MS;
	r->err = 0;
	r->next = mem_zalloc(sizeof(*r->next));
	narrow_begin(r->next, r->frozen);
	return 0;
}

/* ---- the answer ---- */

/* The reason as the user is told it.  Somebody else may have the terminal by
 * this time, so it holds no detail of the policy. */
static const char *
sentence(const struct recheck *r, uint32_t refusal)
{
	switch (refusal) {
	case REFUSAL_unknown_user:
		return "the account has been removed";
	case REFUSAL_locked:
		return "the account has been locked";
	case REFUSAL_expired:
		return "the account has expired";
	case REFUSAL_key:
		return "the key that opened it is accepted no more";
	default:
		return r->by_grant ? "the grant that opened it is over" :
				     "the policy permits it no more";
	}
}

static void
tell(struct monitor *m, const char *after, const char *action, uint32_t refusal)
{
	struct recheck *r = m->recheck;
	const struct timed_grant *grant = r->frozen->timed;

	if (strcmp(r->before, after) == 0)
		return;
	AUDIT(session_recheck, .cause = slot_recheck_text(r->cause),
	    .before = r->before, .after = after, .action = action,
	    .refusal = refusal != 0 && refusal < REFUSAL_COUNT ?
		refusals[refusal].code :
		NULL,
	    .ticket = grant != NULL ? grant->ticket : NULL,
	    .approver = grant != NULL ? grant->approver : NULL);
	snprintf(r->before, sizeof(r->before), "%s", after);
}

static void
done(struct monitor *m, enum judge_verdict verdict)
{
	m->slot->recheck_verdict = verdict;
	__atomic_store_n(
	    &m->slot->recheck_done, m->recheck->round, __ATOMIC_RELEASE);
	m->recheck->over = true;
}

static void
not_known(struct monitor *m, const char *why)
{
	char after[WALL_TEXT_MAX + 40];

	/* The end of a grant is asked again: no other round may ever come. */
	if (m->recheck->by_grant && m->slot->recheck_at == 0)
		m->slot->recheck_at = (uint64_t)time(NULL) + GRANT_AGAIN_S;
	snprintf(after, sizeof(after), "not known (%.1000s)", why);
	tell(m, after, "it stays as it is", 0);
	done(m, JUDGED_UNKNOWN);
}

static void
allowed(struct monitor *m, const struct msg_judged *j)
{
	struct recheck *r = m->recheck;
	char after[160], names[512];

	if (r->err != 0) {
		not_known(m, "what the policy grants could not be read");
		return;
	}
	snprintf(after, sizeof(after), "allowed by %.64s", j->rule);
	tell(m, after,
	    r->end == UINT64_MAX ? "it goes on" : "it goes on after all", 0);
	narrow_difference(m->decision, r->next, names, sizeof(names));
	if (names[0] != '\0')
		AUDIT(session_narrowed, .cause = slot_recheck_text(r->cause),
		    .names = names);
	m->decision = r->next;
	drop(&r->narrowed);
	r->narrowed = r->next;
	r->next = NULL;
	r->refused = false;
	r->end = UINT64_MAX;
	m->sessions->warned = false;
	r->narrowed_now = true;
	done(m, JUDGED_ALLOWED);
}

static void
refused(struct monitor *m, const struct msg_judged *j)
{
	struct recheck *r = m->recheck;
	char after[WALL_TEXT_MAX + 80], action[64];
	uint64_t end = UINT64_MAX;

	/* Terminals have a moment to show why. */
	if (r->on_change != CONFIG_NONE)
		end = loop_clock() +
		    (r->on_change == 0 ? RECHECK_LAST_WORDS_MS :
					 r->on_change * 1000ULL);
	if (r->on_change == CONFIG_NONE)
		snprintf(action, sizeof(action), "it goes on (on_change)");
	else if (r->on_change == 0)
		snprintf(action, sizeof(action), "it ends");
	else
		snprintf(action, sizeof(action), "it ends in %u seconds",
		    r->on_change);
	snprintf(after, sizeof(after), "refused (%.900s)", j->text);
	tell(m, after, action, j->refusal);
	r->refused = true;
	if (end < r->end) {
		r->end = end;
		r->end_why = sentence(r, j->refusal);
		m->sessions->warned = false;
	}
	done(m, JUDGED_REFUSED);
}

/* A program that starts now would run in another place, or be another: that
 * cannot be had in a session that is open, so none starts. */
static void
compare_starts(struct recheck *r, const struct msg_judged *j)
{
	static const enum grant starts[] = {GRANT_shell, GRANT_exec};
	const struct grants *g = &r->frozen->grants;
	const char *command = r->frozen->key_commands ? NULL : g->command;

	if ((j->command[0] == '\0' ||
		strcmp(j->command, text_or(command)) == 0) &&
	    (j->chroot[0] == '\0' ||
		strcmp(j->chroot, text_or(g->chroot)) == 0))
		return;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (narrow_by_number(r->next, starts[i], 0,
			"the policy as it is now", 1) != 0)
			r->err = E_DENIED;
	if (narrow_by_entries(r->next, GRANT_subsystems, NULL, 0,
		"the policy as it is now", 1) != 0)
		r->err = E_DENIED;
	r->next->grants.command = NULL;
	r->next->key_commands = false;
}

static void
on_judged(struct monitor *m, const struct msg_judged *j)
{
	struct recheck *r = m->recheck;

	if (j->verdict != JUDGED_UNKNOWN)
		m->slot->recheck_at = j->until;
	if (j->verdict != JUDGED_UNKNOWN && j->on_change < r->on_change)
		r->on_change = j->on_change;
	if (j->verdict == JUDGED_ALLOWED) {
		compare_starts(r, j);
		allowed(m, j);
	} else if (j->verdict == JUDGED_REFUSED) {
		refused(m, j);
	} else {
		not_known(m, j->text);
	}
}

static void
keep_grant(struct recheck *r, const struct wall_message *message)
{
	const struct msg_still_list *l = &message->still_list;
	const struct msg_still_number *n = &message->still_number;
	int err;

	err = message->type == MSG_still_list ?
	    narrow_by_entries(r->next, (enum grant)l->grant, l->entries.data,
		l->entries.len, l->file, l->line) :
	    narrow_by_number(
		r->next, (enum grant)n->grant, n->number, n->file, n->line);
	if (err != 0)
		r->err = err;
}

static void
ask_later(struct monitor *m)
{
	struct recheck *r = m->recheck;

	r->over = true;
	if (++r->tries >= AGAIN_MOST)
		not_known(m, "no judge answers");
	else
		r->due = loop_clock() + AGAIN_MS;
}

bool
recheck_readable(struct monitor *m)
{
	struct recheck *r = m->recheck;
	struct wall_message message;
	int err;

	r->narrowed_now = false;
	while (!r->over) {
		if ((err = wall_receive(&r->judge, &message)) == E_AGAIN)
			return false;
		if (err != 0) {
			not_known(m, "the judge has not answered");
			break;
		}
		switch (message.type) {
		case MSG_still_list:
		case MSG_still_number:
			keep_grant(r, &message);
			break;
		case MSG_judged:
			on_judged(m, &message.judged);
			break;
		default:
			ask_later(m);
			break;
		}
		wall_done(&r->judge, &message);
	}
	stop_waiting(m);
	return r->narrowed_now;
}

uint64_t
recheck_tick(struct monitor *m)
{
	struct recheck *r = m->recheck;
	uint64_t now = loop_clock(), next;
	int err;

	if (r == NULL || m->state != STATE_OPEN)
		return UINT64_MAX;
	if (r->due <= now) {
		r->due = UINT64_MAX;
		err = ask(m);
		if (err == E_AGAIN)
			ask_later(m);
		else if (err != 0)
			not_known(m, err_text(err));
	}
	if (r->give_up <= now)
		not_known(m, "no judge has answered in time");
	if (r->over)
		stop_waiting(m);
	next = r->due < r->give_up ? r->due : r->give_up;
	return next == UINT64_MAX ? next : next <= now ? 0 : next - now;
}
