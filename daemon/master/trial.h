/*
 * A policy on trial, as the master holds it: it serves until it is confirmed,
 * or until its time is over and the one before comes back.
 */
#ifndef DAEMON_MASTER_TRIAL_H
#define DAEMON_MASTER_TRIAL_H

#include "config/trial.h"
#include "lib/loop.h"
#include "privsep/slot.h"

#include <stdbool.h>
#include <stdint.h>

#define TRIAL_SECONDS_MAX (7 * 24 * 3600)

struct master;
struct rd;
struct connection;

enum trial_state {
	TRIAL_NONE,
	TRIAL_ON, /* serves, and is not confirmed */
	TRIAL_OVER, /* was taken back; its files are on the disk still */
};

struct trial {
	enum trial_state state;
	uint64_t until; /* wall clock, seconds */
	char login[TRIAL_TEXT_MAX]; /* that confirms it; "": none does */
	struct loop_timer timer;
	/* Begins a reload of these bytes: reload_begin_with(). */
	void (*reload)(struct master *m, const struct bundle *bundle,
	    void (*done)(struct master *m, const char *error, void *arg),
	    void *arg);
	/* By the reload that is being rehearsed; seconds 0: no trial. */
	struct {
		uint32_t seconds;
		char login[TRIAL_TEXT_MAX], actor[TRIAL_TEXT_MAX];
	} asked;
};

/* plan.c: a reload at a time to come. */
struct plan {
	uint64_t at; /* wall clock, seconds; 0: none */
	uint32_t seconds; /* of a trial, 0: none */
	char login[TRIAL_TEXT_MAX], actor[TRIAL_TEXT_MAX];
};

/* It is m->plan: begin to watch the clock for it.  None if at is 0. */
void plan_watch(struct master *m);

/* Begin it now; the caller has asked reload_is_busy(). */
void plan_begin(struct master *m, const struct plan *plan);

/* Over a reload by hand, a planned one stays planned. */
void plan_save(const struct master *m, struct buf *b);
void plan_load(struct master *m, struct rd *r);

/*
 * At a start: what was read from the disk is exchanged for the policy before
 * it, if it was not confirmed in its time.  Has it been exchanged?
 */
bool trial_choose(struct master *m, struct bundle *files);

/* The reload that begins now is a trial of so many seconds. */
void trial_ask(
    struct master *m, uint32_t seconds, const char *login, const char *actor);

/*
 * At a reload: the same exchange, unless it tries the policy again.  NULL, or
 * why these files cannot be loaded now: a text to free.
 */
char *trial_reload(struct master *m, struct bundle *files);

/* The rehearsal went well: remember the policy before, if that was asked for.
 * NULL, or why not (to free): then there must be no reload. */
char *trial_begin(struct master *m);

/* A generation serves, or failed: find out what is on trial, and until when. */
void trial_settle(struct master *m, bool failed);

/* Is the reload that is being rehearsed the return of the policy before? */
bool trial_returns(const struct master *m);

/* NULL, or why not: a text to free. */
char *trial_confirm(struct master *m, const char *reason, const char *actor);
char *trial_revert(struct master *m, const char *actor);

/* Is it "user:NAME" or "rule:NAME", not too long to be recognised?  Groups
 * are not the master's to look up. */
bool trial_login_is_valid(const char *login);

/* A connection as it stands; it may be the login that confirms. */
void trial_saw_login(
    struct master *m, const struct connection *c, const struct slot *slot);

#endif
