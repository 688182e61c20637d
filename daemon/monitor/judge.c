/*
 * Judges open connections anew, with the policy of the generation that serves.
 * A fork of its monitor template that lives for one round: it reads from a
 * door what monitors froze at the login, asks the name service and the
 * revocation lists again (judge_files.c), decides, and answers.
 *
 * It has a process above it.  A name service that does not return ends the
 * lower one, and its next says of every user that nothing is known, so that a
 * round is over in bounded time.  "Not known" is an answer of its own: nothing
 * is ever refused for it.
 */
#include "daemon/monitor/judge.h"
#include "daemon/monitor/recheck.h"

#include "config/policy/match.h"
#include "config/policy/narrow.h"
#include "config/policy/timed.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ssh/key.h"
#include "lib/ssh/krl.h"
#include "privsep/directory.h"
#include "privsep/die.h"
#include "privsep/policy_account.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IDLE_MS	    3000 /* without anybody who waits: the round is over */
#define DEATHS_MOST 20
#define NSS_SECONDS 30 /* where the configuration has no deadline */

/* ---- the account ---- */

static struct account *
find_account(struct judge *j, const char *user)
{
	for (size_t i = 0; i < j->n_accounts; i++)
		if (strcmp(j->accounts[i].facts.user, user) == 0)
			return &j->accounts[i];
	return NULL;
}

static void
forget_accounts(struct judge *j)
{
	for (size_t i = 0; i < j->n_accounts; i++) {
		arena_free(j->accounts[i].arena);
		free(j->accounts[i].timed);
	}
	j->n_accounts = 0;
}

static struct account *
look_up(struct judge *j, const char *user)
{
	const struct config *c = j->t->config;
	struct account *account = find_account(j, user);

	if (account != NULL)
		return account;
	if (j->n_accounts == ACCOUNTS_MOST)
		forget_accounts(j);
	account = &j->accounts[j->n_accounts++];
	memset(account, 0, sizeof(*account));
	account->arena = arena_new();
	account->facts.user = arena_strdup(account->arena, user);
	if (!j->silent) {
		alarm(c->deadlines.nss == CONFIG_NONE || c->deadlines.nss == 0 ?
			NSS_SECONDS :
			c->deadlines.nss);
		policy_account(account->arena, account->facts.user,
		    policy_asks_groups(c), &account->facts);
		account->shadow_known =
		    directory_shadow(user, &account->shadow);
		alarm(0);
	}
	if (policy_asks_grants(c))
		account->facts.timed_state = judge_grants(
		    j, user, &account->timed, &account->facts.timed_count);
	account->facts.timed = account->timed;
	return account;
}

static void
take_account(struct asked *a, const struct account *account)
{
	const struct policy_facts *from = &account->facts;
	struct policy_facts *f = &a->facts;

	f->user_state = from->user_state;
	f->user_silent = from->user_silent;
	f->user = from->user;
	f->uid = from->uid;
	f->groups_state = from->groups_state;
	f->groups = from->groups;
	f->group_count = from->group_count;
	f->timed_state = from->timed_state;
	f->timed = from->timed;
	f->timed_count = from->timed_count;
}

/* ---- the verdict ---- */

__attribute__((format(printf, 4, 5))) static bool
say(struct asked *a, enum judge_verdict verdict, uint32_t refusal,
    const char *format, ...)
{
	va_list args;

	a->verdict = verdict;
	a->refusal = refusal;
	va_start(args, format);
	vsnprintf(a->why, sizeof(a->why), format, args);
	va_end(args);
	return false;
}

static bool
judge_account(struct asked *a, const struct account *account)
{
	const struct policy_facts *f = &account->facts;
	const struct directory_shadow *s = &account->shadow;
	long today = (long)(a->facts.now / 86400);

	if (a->j->silent || f->user_state == FACT_UNKNOWN ||
	    (f->user_state == FACT_ABSENT && f->user_silent))
		return say(a, JUDGED_UNKNOWN, REFUSAL_unknown_fact,
		    "the name service did not answer");
	if (f->user_state == FACT_ABSENT || (uint32_t)f->uid != a->uid)
		return say(a, JUDGED_REFUSED, REFUSAL_unknown_user,
		    f->user_state == FACT_ABSENT ?
			"there is no such user any more" :
			"the user's uid is another");
	if (!account->shadow_known)
		return say(a, JUDGED_UNKNOWN, REFUSAL_unknown_fact,
		    "whether the account is locked could not be learnt");
	if (s->locked && !a->locked)
		return say(
		    a, JUDGED_REFUSED, REFUSAL_locked, "the account is locked");
	if (s->expires >= 0 && s->expires <= today)
		return say(a, JUDGED_REFUSED, REFUSAL_expired,
		    "the account has expired");
	return true;
}

static bool
judge_key(struct asked *a, const struct judged_key *k, const char *path)
{
	struct list *l;
	struct key *key;
	bool revoked;

	if (k->blob_len == 0)
		return say(a, JUDGED_UNKNOWN, REFUSAL_unknown_fact,
		    "a key that opened it was not kept");
	if ((l = judge_list(a->j, path)) == NULL || l->krl == NULL)
		return say(a, JUDGED_UNKNOWN, REFUSAL_unknown_fact,
		    "revocation list %s cannot be used: %s", path,
		    l == NULL ? "there are too many" : l->why);
	if (key_parse(k->blob, k->blob_len, &key) != 0)
		return say(a, JUDGED_UNKNOWN, REFUSAL_unknown_fact,
		    "the key cannot be read");
	revoked = krl_check(l->krl, key) != 0;
	key_free(key);
	return !revoked ||
	    say(a, JUDGED_REFUSED, REFUSAL_key, "key %s is revoked by %s",
		k->facts.key_fingerprint, path);
}

/* By the lists that the decision asks.  One that cannot be used does not hide
 * what another one says. */
static bool
judge_keys(struct asked *a, const struct decision *d)
{
	const struct config *c = a->j->t->config;
	bool good = true;

	for (size_t i = 0; i < c->module_count; i++) {
		const struct pairs *p = &c->modules[i].options;

		for (size_t k = 0; k < p->count * a->n_keys; k++) {
			const struct pair *o = &p->items[k / a->n_keys];

			if (strcmp(o->key, "revoked") == 0 &&
			    policy_asks_revoked(d, o->value) &&
			    !judge_key(a, &a->keys[k % a->n_keys], o->value)) {
				if (a->verdict == JUDGED_REFUSED)
					return false;
				good = false;
			}
		}
	}
	return good;
}

/* A directory that is silent hides no revoked key.  The rule that let it in
 * says which lists are asked; without it, all are. */
static void
judge_keys_alone(struct asked *a)
{
	char why[sizeof(a->why)];
	uint32_t refusal = a->refusal;

	memcpy(why, a->why, sizeof(why));
	if (judge_keys(a, &a->kept) || a->verdict != JUDGED_REFUSED)
		(void)say(a, JUDGED_UNKNOWN, refusal, "%s", why);
}

static bool
judge_policy(struct asked *a)
{
	const struct config *c = a->j->t->config;
	struct decision *d = &a->d;

	policy_decide(c, &a->facts, d);
	if (d->verdict == POLICY_GRANTED)
		policy_guard(c, &a->facts, d);
	if (d->verdict == POLICY_GRANTED && !d->decoy)
		return true;
	if (d->verdict == POLICY_MORE)
		return say(a, JUDGED_REFUSED, REFUSAL_no_chain,
		    "a guard asks for more methods");
	return say(a,
	    d->reason == REFUSAL_unknown_fact ? JUDGED_UNKNOWN : JUDGED_REFUSED,
	    d->reason, "%s", d->why);
}

static void
by_its_rule(struct asked *a)
{
	const struct config *c = a->j->t->config;

	for (size_t i = 0; i < c->rule_count && !a->rule_is_there; i++) {
		a->rule_is_there = strcmp(c->rules[i].name, a->rule) == 0;
		if (a->rule_is_there)
			policy_by_rule(c, &a->facts, &c->rules[i], &a->kept);
	}
}

static void
decide(struct asked *a)
{
	const struct account *account = look_up(a->j, a->user);
	struct policy_facts *f = &a->facts;

	f->now = time(NULL);
	f->methods = a->walked;
	f->listener = a->listener;
	f->principal = a->principal;
	f->principal_state = a->principal == NULL ? FACT_ABSENT : FACT_KNOWN;
	take_account(a, account);
	question_join_keys(a);
	by_its_rule(a);
	if (judge_account(a, account) && judge_policy(a) &&
	    judge_keys(a, &a->d))
		(void)say(a, JUDGED_ALLOWED, 0, "allowed");
	else if (a->verdict == JUDGED_UNKNOWN)
		judge_keys_alone(a);
}

/* ---- the answer ---- */

static int
send_lists(struct asked *a, enum grant grant)
{
	const struct layers *layers = &a->d.layers[grant];
	int err = 0;

	for (size_t i = 0; i < layers->count && err == 0; i++) {
		const struct layer_list *l = &layers->items[i];
		struct buf entries;

		buf_init(&entries, WALL_STILL_MAX);
		narrow_entries(l->list, grant, &entries);
		err = buf_end(&entries);
		if (err == 0)
			err = WALL_SEND(&a->wall, still_list,
			    .grant = (uint32_t)grant,
			    .entries = {entries.data, entries.len},
			    .file =
				l->origin.file == NULL ? "" : l->origin.file,
			    .line = l->origin.line);
		buf_free(&entries);
	}
	return err;
}

static int
send_grants(struct asked *a)
{
	enum grant grant;
	int err = 0;

	for (grant = 0; grant < GRANT_COUNT && err == 0; grant++) {
		const struct origin *o = &a->d.grants.origins[grant];

		if (!narrow_is_live(grant))
			continue;
		err = narrow_is_list(grant) ?
		    send_lists(a, grant) :
		    WALL_SEND(&a->wall, still_number, .grant = (uint32_t)grant,
			.number = narrow_number(&a->d, grant),
			.file = o->file == NULL ? "" : o->file,
			.line = o->line);
	}
	return err;
}

/* The word of the rule that let it in, as it is written now, with overlays and
 * guards; of two the stricter. */
static uint32_t
on_change(const struct asked *a)
{
	uint32_t word =
	    a->rule_is_there ? a->kept.grants.on_change : CONFIG_NONE;

	if (a->verdict == JUDGED_ALLOWED && a->d.grants.on_change < word)
		word = a->d.grants.on_change;
	return word;
}

static void
answer(struct asked *a)
{
	const struct grants *g = &a->d.grants;
	bool allowed = a->verdict == JUDGED_ALLOWED;
	int err = allowed ? send_grants(a) : 0;

	if (err == 0)
		err = WALL_SEND(&a->wall, judged,
		    .verdict = (uint8_t)a->verdict, .refusal = a->refusal,
		    .text = a->why, .rule = allowed ? a->d.rule->name : "",
		    .on_change = on_change(a),
		    .until =
			allowed && a->d.timed != NULL ? a->d.timed->until : 0,
		    .command = allowed && g->command != NULL ? g->command : "",
		    .chroot = allowed && g->chroot != NULL ? g->chroot : "");
	if (err == 0)
		err = wall_queue_drain(&a->wall, IDLE_MS);
	if (err != 0)
		log_debug(
		    "a judged connection takes no answer: %s", err_text(err));
}

/* Forgets the look-ups of the round before: the accounts may have changed. */
static void
begin_round(struct judge *j, uint32_t round)
{
	if (j->round == round)
		return;
	j->round = round;
	forget_accounts(j);
	judge_forget_files(j);
}

/* One that asks nobody is of its round alone: the name service may be back. */
static bool
is_outlived(const struct judge *j, const struct asked *a)
{
	return j->silent && j->round != 0 && a->round != j->round;
}

/* False: another judge is wanted, as a newer generation serves by now, or with
 * a new round.  One that asks for an older is told soon, and ends no judge. */
static bool
serve(struct judge *j, int fd)
{
	struct asked *a = mem_zalloc(sizeof(*a));
	struct pollfd peer = {.fd = fd, .events = POLLIN};
	bool current = true;

	a->j = j;
	decision_init(&a->d);
	decision_init(&a->kept);
	wall_init(&a->wall, fd, PATH_JUDGE_MONITOR, PATH_MONITOR_JUDGE);
	/* One that has gone, or waits no more, is not looked up. */
	if (fd_set_nonblocking(fd) == 0 && poll(&peer, 1, 0) == 1 &&
	    (peer.revents & POLLHUP) == 0 && question_read(a) == 0) {
		current =
		    a->generation <= j->t->generation && !is_outlived(j, a);
		if (!current || a->generation != j->t->generation) {
			(void)WALL_SEND(&a->wall, judge_again);
		} else {
			begin_round(j, a->round);
			decide(a);
			answer(a);
		}
	}
	question_free(a);
	return current;
}

static void
judge_all(struct judge *j, int door)
{
	struct wall w;
	struct wall_message m;
	struct pollfd p = {.fd = door, .events = POLLIN};
	bool current = true;
	int n, fd;

	wall_init(&w, door, PATH_MONITORS_JUDGES, PATH_MONITORS_JUDGES);
	while (current) {
		n = poll(&p, 1, IDLE_MS);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		n = wall_receive(&w, &m);
		if (n == E_AGAIN)
			continue; /* another judge was faster */
		if (n != 0)
			return;
		fd = m.fds[0];
		m.fds[0] = -1;
		wall_done(&w, &m);
		current = serve(j, fd);
	}
}

void
judge_open_door(struct monitor_template *t)
{
	int ends[2];

	if (wall_pair(ends) != 0)
		die_errno("the door to judges");
	t->judges = ends[0];
	t->judges_end = ends[1];
}

void
judge_run(const struct monitor_template *t, int door)
{
	bool silent = false;
	int status = 0;
	pid_t pid;

	title_set("judge");
	judge_default_signals();
	if (fd_set_nonblocking(door) != 0)
		_exit(1);
	for (unsigned deaths = 0; deaths < DEATHS_MOST; deaths++) {
		if ((pid = fork()) < 0)
			break;
		if (pid == 0) {
			struct judge *j = mem_zalloc(sizeof(*j));

			j->t = t;
			j->silent = silent;
			judge_all(j, door);
			_exit(0);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		if (WIFEXITED(status))
			break;
		silent = WTERMSIG(status) == SIGALRM || silent;
		log_error("a judge of open connections died of signal %d%s",
		    WTERMSIG(status),
		    silent ? ": the name service does not answer" : "");
	}
	_exit(0);
}
