/*
 * Reads the directory of grants for a time.  Each file is opened and judged by
 * its descriptor: it and all above it are root's, and nobody else may write
 * them.
 */
#include "privsep/grants_directory.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct reading {
	const char *directory, *user;
	grants_fault_fn *fault;
	void *arg;
	struct timed_grant *grants;
	size_t count;
};

static bool
is_grant(const char *name)
{
	size_t len = strlen(name), end = sizeof(TIMED_SUFFIX) - 1;

	return name[0] != '.' && len > end && len <= TIMED_TEXT_MAX &&
	    strcmp(&name[len - end], TIMED_SUFFIX) == 0;
}

static bool
is_over(const struct timed_grant *g)
{
	return (uint64_t)time(NULL) >= g->until;
}

/* Does the file count against the limit?  Only one that is known to be over
 * does not. */
static bool
read_one(struct reading *r, const char *name)
{
	const struct safefile_rules rules = {.max = TIMED_FILE_MAX};
	char why[SAFEFILE_WHY_MAX] = "", fault[TIMED_WHY_MAX];
	char *path = mem_printf("%s/%s", r->directory, name);
	struct timed_grant g = {0};
	struct buf b;
	bool counts;
	int err;

	buf_init(&b, TIMED_FILE_MAX);
	err = safefile_read(path, &rules, &b, why);
	if (err == 0) {
		err = timed_parse((const char *)b.data, b.len, &g, fault);
		snprintf(why, sizeof(why), "%s", fault);
	}
	if (err == E_NOT_FOUND)
		err = E_CLOSED; /* it was taken back just now */
	else if (err != 0 && r->fault != NULL)
		r->fault(path, why[0] != '\0' ? why : err_text(err), r->arg);
	counts = err != 0 || !is_over(&g);
	if (err == 0 && (r->user == NULL || strcmp(r->user, g.user) == 0)) {
		snprintf(g.file, sizeof(g.file), "%s", name);
		r->grants =
		    mem_grow(r->grants, r->count + 1, sizeof(*r->grants));
		r->grants[r->count++] = g;
	}
	buf_free(&b);
	free(path);
	return counts;
}

enum fact_state
grants_read(const char *directory, const char *user, grants_fault_fn *fault,
    void *arg, struct timed_grant **grants, size_t *count)
{
	struct reading r = {directory, user, fault, arg, NULL, 0};
	DIR *d = opendir(directory);
	struct dirent *e;
	size_t files = 0, looked = 0;
	bool known = d != NULL || errno == ENOENT;

	*grants = NULL;
	*count = 0;
	if (d == NULL)
		return known ? FACT_KNOWN : FACT_UNKNOWN;
	for (errno = 0; known && (e = readdir(d)) != NULL; errno = 0) {
		if (!is_grant(e->d_name))
			continue;
		known = ++looked <= GRANTS_LOOK_MAX;
		if (known && read_one(&r, e->d_name))
			known = ++files <= GRANTS_FILES_MAX;
	}
	known = known && errno == 0;
	closedir(d);
	if (!known) {
		free(r.grants);
		return FACT_UNKNOWN;
	}
	*grants = r.grants;
	*count = r.count;
	return FACT_KNOWN;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A tool may just now have put another in its place: that one stays. */
static void
sweep_one(int directory, const char *path, const char *name)
{
	const struct safefile_rules rules = {.max = TIMED_FILE_MAX};
	char why[SAFEFILE_WHY_MAX], fault[TIMED_WHY_MAX];
	struct stat before, after;
	struct timed_grant g = {0};
	struct buf b;

	if (fstatat(directory, name, &before, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(before.st_mode) || before.st_uid != 0)
		return;
	buf_init(&b, TIMED_FILE_MAX);
	if (safefile_read(path, &rules, &b, why) == 0 &&
	    timed_parse((const char *)b.data, b.len, &g, fault) == 0 &&
	    is_over(&g) &&
	    fstatat(directory, name, &after, AT_SYMLINK_NOFOLLOW) == 0 &&
	    same_file(&before, &after))
		(void)unlinkat(directory, name, 0);
	buf_free(&b);
}

void
grants_sweep(const char *directory)
{
	DIR *d = opendir(directory);
	struct dirent *e;
	size_t looked = 0;

	if (d == NULL)
		return;
	while (looked < GRANTS_LOOK_MAX && (e = readdir(d)) != NULL) {
		char *path;

		if (!is_grant(e->d_name))
			continue;
		looked++;
		path = mem_printf("%s/%s", directory, e->d_name);
		sweep_one(dirfd(d), path, e->d_name);
		free(path);
	}
	closedir(d);
}
