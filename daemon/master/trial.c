/*
 * A policy on trial ("reload --confirm"): the new one serves, and the one
 * before comes back unless somebody confirms in time that they can still log
 * in.  A file remembers both over a restart.  A policy that was taken back
 * stays out, though its files are still on the disk, until those change or
 * are tried again.
 */
#include "daemon/master/judging.h"

#include "config/trial.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/statedir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY LOCALSTATEDIR "/lib/sallyport/trials"
/* A reload is under way, or the one before could not come back. */
#define AGAIN_MS       1000
#define AGAIN_LATER_MS 60000

/* The main file's path, under which its trial is kept. */
static const char *
subject(const struct master *m)
{
	return m->options.config_file;
}

/* 0 and *file, E_NOT_FOUND, or another E_ code that has been logged. */
static int
read_file(const struct master *m, struct trial_file *file)
{
	/* As statedir_open() follows root's links on the way there. */
	const struct safefile_rules rules = {
	    .flags = SAFEFILE_FOLLOW, .max = TRIAL_FILE_MAX};
	char name[STATEDIR_FILE_MAX], why[SAFEFILE_WHY_MAX] = "", *path;
	struct buf bytes;
	int err;

	memset(file, 0, sizeof(*file));
	if (!statedir_name(subject(m), name))
		return E_NOT_FOUND;
	path = mem_printf("%s/%s", DIRECTORY, name);
	buf_init(&bytes, TRIAL_FILE_MAX);
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		err = E_NOT_FOUND;
	} else {
		err = safefile_read(path, &rules, &bytes, why);
		if (err == 0)
			err = trial_file_parse(bytes.data, bytes.len, file);
		if (err == 0 && strcmp(file->config, subject(m)) != 0) {
			trial_file_free(file);
			err = E_FORMAT;
		}
		if (err != 0)
			log_error("%s: the policy on trial cannot be read: %s",
			    path, why[0] != '\0' ? why : err_text(err));
	}
	buf_free(&bytes);
	free(path);
	return err;
}

/* NULL, or why not: a text to free. */
static char *
write_file(const struct master *m, const struct trial_file *file)
{
	char name[STATEDIR_FILE_MAX], *why = NULL;
	struct buf bytes;
	int fd = -1;

	buf_init(&bytes, TRIAL_FILE_MAX);
	trial_file_write(file, &bytes);
	if (!statedir_name(subject(m), name))
		why = mem_printf("%s: a policy on trial needs a path of at "
				 "most %d bytes",
		    subject(m), STATEDIR_NAME);
	else if (buf_end(&bytes) != 0)
		why = mem_strdup("no memory for a policy on trial");
	else if ((fd = statedir_open(DIRECTORY)) < 0 ||
	    !statedir_replace(fd, name, bytes.data, bytes.len))
		why = mem_printf("%s: %s", DIRECTORY, strerror(errno));
	if (fd >= 0)
		close(fd);
	buf_free(&bytes);
	return why;
}

/*
 * Nothing is on trial, and nothing was taken back.  NULL, or why the file
 * stays: a text to free.  Then a restart would take the policy back.
 */
static char *
forget(struct master *m)
{
	char name[STATEDIR_FILE_MAX], *why = NULL;
	int fd = statedir_open(DIRECTORY);

	if (fd < 0 || !statedir_name(subject(m), name) ||
	    !statedir_remove(fd, name))
		why = mem_printf("%s: %s", DIRECTORY, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (why != NULL)
		return why;
	loop_timer_stop(&m->trial.timer);
	m->trial.state = TRIAL_NONE;
	return NULL;
}

static void
remember(struct master *m, const struct trial_file *file)
{
	m->trial.state = file->over ? TRIAL_OVER : TRIAL_ON;
	m->trial.until = file->until;
	snprintf(m->trial.login, sizeof(m->trial.login), "%s", file->login);
}

static void come_back(void *arg);

/* rehearsal.done, by which trial_returns() knows such a reload. */
static void
came_back(struct master *m, const char *error, void *arg)
{
	(void)arg;
	if (error == NULL)
		return; /* not reached: the next image runs */
	log_error("the policy before the one on trial could not come back, "
		  "which is tried again: %s",
	    error);
	loop_timer_start(
	    m->loop, &m->trial.timer, AGAIN_LATER_MS, come_back, m);
}

/* The one before serves again, by a reload of its bytes. */
static void
come_back(void *arg)
{
	struct master *m = arg;
	struct trial_file file;

	if (m->terminating)
		return;
	if (m->rehearsal.done != NULL || m->generations != m->current) {
		loop_timer_start(
		    m->loop, &m->trial.timer, AGAIN_MS, come_back, m);
		return;
	}
	if (read_file(m, &file) != 0) {
		came_back(m, "its file cannot be read", NULL);
		return;
	}
	m->trial.reload(m, &file.before, came_back, NULL);
	trial_file_free(&file);
}

/* Take back what is on trial; NULL, or why not: a text to free. */
static char *
take_back(struct master *m, const char *reason, const char *actor)
{
	struct trial_file file;
	char *why;

	if (read_file(m, &file) != 0)
		return mem_strdup("the one before cannot be read");
	file.over = true;
	why = write_file(m, &file);
	trial_file_free(&file);
	/* It comes back all the same: the file is for a restart. */
	if (why != NULL)
		log_error("%s", why);
	free(why);
	m->trial.state = TRIAL_OVER;
	AUDIT(config_trial_over, .reason = reason, .actor = actor);
	loop_timer_start(m->loop, &m->trial.timer, 0, come_back, m);
	return NULL;
}

static void
on_time(void *arg)
{
	struct master *m = arg;
	char *why = take_back(m, "not confirmed in time", NULL);

	if (why != NULL) {
		log_error("%s", why);
		loop_timer_start(
		    m->loop, &m->trial.timer, AGAIN_LATER_MS, on_time, m);
	}
	free(why);
}

static uint64_t
remaining_ms(const struct trial_file *file)
{
	uint64_t now = (uint64_t)time(NULL), left;

	left = file->until > now ? file->until - now : 0;
	/* A clock that was set back, or that a start finds at its beginning,
	 * makes no trial longer than it was. */
	return (left > file->seconds ? file->seconds : left) * 1000;
}

static bool
has_passed(uint64_t until)
{
	return until <= (uint64_t)time(NULL);
}

bool
trial_choose(struct master *m, struct bundle *files)
{
	struct trial_file file;
	struct bundle other;
	bool out;

	if (read_file(m, &file) != 0)
		return false;
	out = config_bundle_equal(files, &file.candidate) &&
	    (file.over || has_passed(file.until));
	if (out) {
		other = *files;
		*files = file.before;
		file.before = other;
	}
	trial_file_free(&file);
	return out;
}

char *
trial_reload(struct master *m, struct bundle *files)
{
	struct trial_file file;
	struct bundle other;
	char *why = NULL;
	bool same, over;
	int err = read_file(m, &file);

	/* Not by trial.state alone, which is not known before a generation
	 * serves: SIGHUP does not wait for that. */
	if (err == E_NOT_FOUND)
		return NULL;
	if (err != 0)
		return mem_printf("the policy on trial cannot be read; to "
				  "give it up, remove its file in %s",
		    DIRECTORY);
	same = config_bundle_equal(files, &file.candidate);
	over = file.over || m->trial.state == TRIAL_OVER ||
	    (m->trial.state == TRIAL_NONE && has_passed(file.until));
	if (!over && !same) {
		why = mem_strdup("another policy is on trial: confirm it, or "
				 "take it back, first");
	} else if (over && same && m->trial.asked.seconds == 0) {
		other = *files;
		*files = file.before;
		file.before = other;
	}
	trial_file_free(&file);
	return why;
}

/* The policy to come back to: the last that was not on trial. */
static int
find_before(struct master *m, struct bundle *before)
{
	struct trial_file file;
	int err;

	if (m->trial.state == TRIAL_NONE)
		return config_bundle_from_fd(m->current->bundle, before);
	err = read_file(m, &file);
	if (err == 0) {
		*before = file.before;
		file.before = (struct bundle){0};
		trial_file_free(&file);
	}
	return err;
}

/* A later image, which reads it, has no reload to refuse any more. */
static char *
check_written(const struct master *m)
{
	struct trial_file file;

	if (read_file(m, &file) != 0)
		return mem_printf(
		    "%s: the policy on trial cannot be read back", DIRECTORY);
	trial_file_free(&file);
	return NULL;
}

char *
trial_begin(struct master *m)
{
	struct trial_file file = {.seconds = m->trial.asked.seconds};
	char *why = NULL;
	int err;

	if (m->trial.asked.seconds == 0)
		return NULL;
	snprintf(file.config, sizeof(file.config), "%s", subject(m));
	snprintf(file.actor, sizeof(file.actor), "%s", m->trial.asked.actor);
	snprintf(file.login, sizeof(file.login), "%s", m->trial.asked.login);
	file.until = (uint64_t)time(NULL) + m->trial.asked.seconds;
	err = config_bundle_from_fd(m->rehearsal.bundle, &file.candidate);
	if (err == 0)
		err = find_before(m, &file.before);
	if (err != 0)
		why = mem_printf("the policy in force: %s", err_text(err));
	else
		why = write_file(m, &file);
	if (why == NULL && (why = check_written(m)) != NULL)
		free(forget(m));
	trial_file_free(&file);
	return why;
}

void
trial_ask(
    struct master *m, uint32_t seconds, const char *login, const char *actor)
{
	m->trial.asked.seconds = seconds;
	snprintf(
	    m->trial.asked.login, sizeof(m->trial.asked.login), "%s", login);
	snprintf(
	    m->trial.asked.actor, sizeof(m->trial.asked.actor), "%s", actor);
}

static void
begins(struct master *m, const struct trial_file *file)
{
	uint64_t left = remaining_ms(file);

	/* Not for another generation of the same. */
	if (!loop_timer_running(&m->trial.timer))
		AUDIT(config_trial_start, .seconds = left / 1000,
		    .actor = file->actor);
	loop_timer_start(m->loop, &m->trial.timer, left, on_time, m);
}

/* The one before serves; the candidate's files are on the disk still. */
static void
stays_out(struct master *m, struct trial_file *file)
{
	char *why = NULL;

	if (!file->over) {
		/* trial_choose() found it so, or it could not be served. */
		file->over = true;
		why = write_file(m, file);
		remember(m, file);
		AUDIT(config_trial_over,
		    .reason = has_passed(file->until) ?
			"its time ended while the server was down" :
			"the policy before it serves");
	}
	if (why != NULL)
		log_error("%s", why);
	free(why);
	log_warn("%s: these files were not confirmed: the policy before them "
		 "serves; sallyportctl reload --confirm tries them again",
	    subject(m));
}

static void
settle_again(void *arg)
{
	trial_settle(arg, false);
}

void
trial_settle(struct master *m, bool failed)
{
	struct trial_file file;
	struct bundle serves = {0};
	bool candidate, before;
	char *why = NULL;
	int err;

	if (m->current == NULL)
		return;
	if ((err = read_file(m, &file)) != 0) {
		if (err != E_NOT_FOUND && !loop_timer_running(&m->trial.timer))
			loop_timer_start(m->loop, &m->trial.timer,
			    AGAIN_LATER_MS, settle_again, m);
		return;
	}
	if (config_bundle_from_fd(m->current->bundle, &serves) != 0) {
		trial_file_free(&file);
		return;
	}
	candidate = config_bundle_equal(&serves, &file.candidate);
	before = config_bundle_equal(&serves, &file.before);
	config_bundle_free(&serves);
	remember(m, &file);
	if (candidate && !file.over)
		begins(m, &file);
	else if (candidate && !before)
		loop_timer_start(m->loop, &m->trial.timer,
		    failed ? AGAIN_LATER_MS : 0, come_back, m);
	else if (before)
		stays_out(m, &file);
	else
		why = forget(m);
	if (why != NULL)
		log_error("%s", why);
	free(why);
	trial_file_free(&file);
}

bool
trial_returns(const struct master *m)
{
	return m->rehearsal.done == came_back;
}

char *
trial_confirm(struct master *m, const char *reason, const char *actor)
{
	char *why;

	if (m->trial.state != TRIAL_ON)
		return mem_strdup(m->trial.state == TRIAL_NONE ?
			"no policy is on trial" :
			"the policy on trial has been taken back");
	if ((why = forget(m)) != NULL)
		return why;
	AUDIT(config_trial_confirmed, .reason = reason, .actor = actor);
	(void)judging_begin(m, RECHECK_RELOAD, NULL);
	return NULL;
}

char *
trial_revert(struct master *m, const char *actor)
{
	if (m->trial.state != TRIAL_ON)
		return mem_strdup("no policy is on trial");
	/* Nor is it tried again by a reload that is under way. */
	m->trial.asked.seconds = 0;
	return take_back(m, "by hand", actor);
}

bool
trial_login_is_valid(const char *login)
{
	static const char *const kinds[] = {"user:", "rule:"};
	/* A slot holds no longer one: what it cuts must equal none. */
	const size_t most = sizeof(((struct slot *)NULL)->user) - 2;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(login, kinds[i], strlen(kinds[i])) == 0 &&
		    login[strlen(kinds[i])] != '\0' &&
		    strlen(&login[strlen(kinds[i])]) <= most)
			return true;
	return false;
}

void
trial_saw_login(
    struct master *m, const struct connection *c, const struct slot *slot)
{
	const char *login = m->trial.login;
	char reason[TRIAL_TEXT_MAX + 64], *why;

	if (m->trial.state != TRIAL_ON || login[0] == '\0' ||
	    c->generation != m->current || slot->since == 0)
		return;
	if (strcmp(&login[5], login[0] == 'u' ? slot->user : slot->rule) != 0)
		return;
	snprintf(reason, sizeof(reason), "login by %s", login);
	if ((why = trial_confirm(m, reason, NULL)) != NULL) {
		log_error(
		    "the policy on trial is not confirmed by a login: %s", why);
		m->trial.login[0] = '\0'; /* told once */
	}
	free(why);
}
