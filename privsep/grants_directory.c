/*
 * Reads the directory of grants for a time.  Each file is opened and judged by
 * its descriptor: it and all above it are root's, and nobody else may write
 * them.
 */
#include "privsep/grants_directory.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static void
read_one(struct reading *r, const char *name)
{
	const struct safefile_rules rules = {.max = TIMED_FILE_MAX};
	char why[SAFEFILE_WHY_MAX] = "", fault[TIMED_WHY_MAX];
	char *path = mem_printf("%s/%s", r->directory, name);
	struct timed_grant g;
	struct buf b;
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
	if (err == 0 && (r->user == NULL || strcmp(r->user, g.user) == 0)) {
		snprintf(g.file, sizeof(g.file), "%s", name);
		r->grants =
		    mem_grow(r->grants, r->count + 1, sizeof(*r->grants));
		r->grants[r->count++] = g;
	}
	buf_free(&b);
	free(path);
}

enum fact_state
grants_read(const char *directory, const char *user, grants_fault_fn *fault,
    void *arg, struct timed_grant **grants, size_t *count)
{
	struct reading r = {directory, user, fault, arg, NULL, 0};
	DIR *d = opendir(directory);
	struct dirent *e;
	size_t files = 0;
	bool known = d != NULL || errno == ENOENT;

	*grants = NULL;
	*count = 0;
	if (d == NULL)
		return known ? FACT_KNOWN : FACT_UNKNOWN;
	for (errno = 0; known && (e = readdir(d)) != NULL; errno = 0) {
		if (!is_grant(e->d_name))
			continue;
		known = ++files <= GRANTS_FILES_MAX;
		if (known)
			read_one(&r, e->d_name);
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
