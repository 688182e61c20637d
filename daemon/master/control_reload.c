/*
 * Verbs of the administrators' socket that put a policy in force: now or at a
 * time, on trial, confirmed or taken back; and the log level, for which the
 * templates have to be started anew.
 */
#include "daemon/master/control.h"

#include "config/load.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A year, about. */
#define PLAN_AHEAD_MAX (366u * 24 * 3600)

/* ---- reload ---- */

static bool
read_number(const char *text, uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    *number <= most;
}

/* NULL, or what is wrong with them. */
static const char *
read_plan(const char *const *words, size_t count, struct plan *plan)
{
	uint64_t seconds = 0, now = (uint64_t)time(NULL);

	if (count > 0 && !read_number(words[0], TRIAL_SECONDS_MAX, &seconds))
		return "a trial is 1 second to 7 days";
	plan->seconds = (uint32_t)seconds;
	if (count > 1 && strcmp(words[1], "-") != 0) {
		if (seconds == 0 || !trial_login_is_valid(words[1]))
			return "a login that confirms is user:NAME or "
			       "rule:NAME, of at most 62 bytes, and needs a "
			       "trial";
		snprintf(plan->login, sizeof(plan->login), "%s", words[1]);
	}
	if (count > 2 &&
	    (!read_number(words[2], now + PLAN_AHEAD_MAX, &plan->at) ||
		(plan->at != 0 && plan->at < now)))
		return "the time is past, or more than a year ahead";
	return NULL;
}

static void
plan_none(struct control_client *c)
{
	bool planned = c->m->plan.at != 0;

	c->m->plan.at = 0;
	plan_watch(c->m);
	if (!planned) {
		control_error(c, "no reload is planned");
		return;
	}
	control_record(c);
	control_number(c, "planned", 0);
	control_ok(c);
}

void
control_reload(
    struct control_client *c, const char *const *arguments, size_t count)
{
	struct master *m = c->m;
	struct plan plan = {0};
	const char *wrong;

	if (count == 3 && strcmp(arguments[2], "never") == 0) {
		plan_none(c);
		return;
	}
	wrong = read_plan(arguments, count, &plan);
	if (wrong != NULL) {
		control_error(c, "%s", wrong);
		return;
	}
	snprintf(plan.actor, sizeof(plan.actor), "%s", c->actor);
	if (plan.at != 0) {
		m->plan = plan;
		plan_watch(m);
		control_record(c);
		control_number(c, "planned", plan.at);
		control_ok(c);
		return;
	}
	if (reload_is_busy(m)) {
		control_error(c, "a reload is already under way");
		return;
	}
	c->waits = true;
	plan_begin(m, &plan);
}

/* ---- trials ---- */

static void
answer_trial(struct control_client *c, char *wrong)
{
	if (wrong != NULL) {
		control_error(c, "%s", wrong);
		free(wrong);
		return;
	}
	control_record(c);
	control_number(
	    c, "generation", c->m->current == NULL ? 0 : c->m->current->number);
	control_ok(c);
}

void
control_confirm(
    struct control_client *c, const char *const *arguments, size_t count)
{
	(void)arguments;
	(void)count;
	answer_trial(c, trial_confirm(c->m, NULL, c->actor));
}

void
control_revert(
    struct control_client *c, const char *const *arguments, size_t count)
{
	(void)arguments;
	(void)count;
	answer_trial(c, trial_revert(c->m, c->actor));
}

void
control_describe_trial(struct control_client *c)
{
	static const char *const names[] = {
	    [TRIAL_NONE] = "", [TRIAL_ON] = "on", [TRIAL_OVER] = "over"};
	const struct trial *t = &c->m->trial;

	control_text(c, "trial", names[t->state]);
	control_number(c, "trial_until", t->state == TRIAL_ON ? t->until : 0);
	control_text(c, "trial_login", t->state == TRIAL_ON ? t->login : "");
	control_number(c, "planned", c->m->plan.at);
}

/* ---- log level ---- */

static void
describe_level(struct control_client *c)
{
	struct master *m = c->m;

	control_record(c);
	control_text(c, "log_level", log_level_name(log_level()));
	control_text(c, "configured",
	    m->current == NULL ?
		"" :
		log_level_name((int)m->current->config->log.level));
	control_ok(c);
}

/*
 * New connections come from templates that were told the level when they
 * began: a new generation of the same configuration tells it to them.
 */
void
control_log_level(
    struct control_client *c, const char *const *arguments, size_t count)
{
	struct master *m = c->m;
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	int level = -2;

	if (count == 0) {
		describe_level(c);
		return;
	}
	if (strcmp(arguments[0], "default") != 0 &&
	    log_level_parse(arguments[0], &level) != 0) {
		control_error(c,
		    "%s: error, warn, info, verbose, debug, "
		    "quiet, or default",
		    arguments[0]);
		return;
	}
	if (reload_is_busy(m)) {
		control_error(c, "a reload is already under way");
		return;
	}
	if (config_bundle_from_fd(m->current->bundle, &bundle) != 0 ||
	    config_load(&bundle, &config, &problems) != 0) {
		control_error(c, "the configuration in force is unreadable");
	} else {
		m->options.log_level = level;
		c->waits = true;
		generation_start(generation_new(m, config,
		    fcntl(m->current->bundle, F_DUPFD_CLOEXEC, SPAWN_FDS)));
	}
	config_bundle_free(&bundle);
	problems_free(&problems);
}
