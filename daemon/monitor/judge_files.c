/*
 * The files that a judge of open connections asks: revocation lists, and the
 * directory of grants for a time.  They may lie on a file server that does not
 * answer, so children read them, with a deadline, and each once in a round.
 * What is not read in time is not known, and ends no connection; what the
 * judge can learn without that file still counts.
 */
#include "daemon/monitor/judge.h"
#include "daemon/monitor/recheck.h"

#include "config/policy/timed.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/krl.h"
#include "privsep/errand.h"
#include "privsep/grants_errand.h"
#include "privsep/leftovers.h"
#include "privsep/title.h"

#include <sys/stat.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After one that was late: monitors wait for a whole round (recheck.c). */
#define LATE_MS 1000

static unsigned
deadline_ms(const struct judge *j)
{
	return j->late ? LATE_MS : j->t->config->deadlines.files * 1000;
}

static void
read_list(struct judge *j, struct list *l)
{
	const struct errand_as root = {
	    .uid = 0, .whose = LEFTOVERS_CONFIGURATION};
	unsigned line = 0;
	struct buf b;
	int fd = -1, err;

	err = errand_open(&root, l->path, NULL, KRL_FILE_MAX, deadline_ms(j),
	    &fd, l->why, sizeof(l->why));
	j->late = j->late || err == SALLYPORT_TIMEOUT;
	if (err != SALLYPORT_OK)
		return;
	buf_init(&b, KRL_FILE_MAX);
	err = safefile_read_fd(fd, KRL_FILE_MAX, &b);
	close(fd);
	if (err == 0)
		err = krl_parse(b.data, b.len, &l->krl, &line);
	if (err != 0)
		snprintf(l->why, sizeof(l->why), "%s", err_text(err));
	buf_free(&b);
}

struct list *
judge_list(struct judge *j, const char *path)
{
	struct list *l;

	for (size_t i = 0; i < j->n_lists; i++)
		if (strcmp(j->lists[i].path, path) == 0)
			return &j->lists[i];
	if (j->n_lists == LISTS_MOST)
		return NULL;
	l = &j->lists[j->n_lists++];
	memset(l, 0, sizeof(*l));
	l->path = path;
	read_list(j, l);
	return l;
}

static void
read_grants(struct judge *j)
{
	bool late = false;

	j->grants_asked = true;
	j->grants_state = grants_errand(j->t->config->grants_directory,
	    deadline_ms(j), &j->grants, &j->n_grants, &late);
	j->late = j->late || late;
}

/* A file that is faulty was told of at the login. */
enum fact_state
judge_grants(struct judge *j, const char *user, struct timed_grant **grants,
    size_t *count)
{
	*grants = NULL;
	*count = 0;
	if (!j->grants_asked)
		read_grants(j);
	for (size_t i = 0; i < j->n_grants; i++) {
		if (strcmp(j->grants[i].user, user) != 0)
			continue;
		*grants = mem_grow(*grants, *count + 1, sizeof(**grants));
		(*grants)[(*count)++] = j->grants[i];
	}
	return j->grants_state;
}

void
judge_forget_files(struct judge *j)
{
	for (size_t i = 0; i < j->n_lists; i++)
		krl_free(j->lists[i].krl);
	j->n_lists = 0;
	free(j->grants);
	j->grants = NULL;
	j->n_grants = 0;
	j->grants_asked = j->late = false;
}

/* ---- files that change ---- */

static void
mix(uint64_t *sum, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len-- > 0)
		*sum = (*sum ^ *at++) * 0x100000001b3u;
}

/* look: the sum, and when the last of them was changed. */
static void
mix_file(uint64_t look[2], const char *path)
{
	uint64_t *sum = &look[0];
	struct stat st;

	mix(sum, path, strlen(path) + 1);
	if (stat(path, &st) != 0)
		return;
	if (st.st_ctim.tv_sec > (time_t)look[1])
		look[1] = (uint64_t)st.st_ctim.tv_sec;
	mix(sum, &st.st_dev, sizeof(st.st_dev));
	mix(sum, &st.st_ino, sizeof(st.st_ino));
	mix(sum, &st.st_size, sizeof(st.st_size));
	mix(sum, &st.st_mtim, sizeof(st.st_mtim));
	mix(sum, &st.st_ctim, sizeof(st.st_ctim));
}

void
judge_default_signals(void)
{
	sigset_t none;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void
judge_look(const struct config *config, int fd)
{
	uint64_t look[2] = {0xcbf29ce484222325u, 0};

	title_set("look");
	judge_default_signals();
	/* Where that is possible it ends then, and the next tries again. */
	alarm(config->deadlines.files);
	for (size_t i = 0; i < config->module_count; i++) {
		const struct pairs *p = &config->modules[i].options;

		for (size_t k = 0; k < p->count; k++)
			if (strcmp(p->items[k].key, "revoked") == 0)
				mix_file(look, p->items[k].value);
	}
	if (policy_asks_grants(config))
		mix_file(look, config->grants_directory);
	if (write(fd, look, sizeof(look)) != (ssize_t)sizeof(look))
		_exit(1);
	_exit(0);
}
