/*
 * Selects the recordings that a command works on; see choose.h.
 */
#include "daemon/ctl/recordings/choose.h"

#include "daemon/ctl/client.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/mem.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- connections that are alive ---- */

/* Asks the running server; if none runs, no connection is alive. */
void
choose_ask_alive(const struct recordings_options *o, struct choose_alive *alive)
{
	const char *words[] = {"sessions"};
	struct ctl quiet = *o->ctl;

	memset(alive, 0, sizeof(*alive));
	quiet.quiet = true;
	if (o->own && geteuid() == 0)
		alive->known = client_ask(&quiet, words, 1, &alive->sessions,
				   NULL) == CTL_OK;
}

void
choose_free_alive(struct choose_alive *alive)
{
	records_free(&alive->sessions);
}

pid_t
choose_monitor(const struct choose_alive *alive, const char *base)
{
	const struct records *r = &alive->sessions;
	unsigned long pid;

	for (size_t i = 0; i < r->count; i++) {
		if (strncmp(record_get(&r->items[i], "id"), base, 16) != 0)
			continue;
		pid = strtoul(record_get(&r->items[i], "monitor"), NULL, 10);
		return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
	}
	return 0;
}

bool
choose_is_alive(const struct choose_alive *alive, const char *base)
{
	return choose_monitor(alive, base) != 0;
}

/* ---- files ---- */

/* False: there is no such recording any more; or failed, it was told that it
 * cannot be opened. */
static bool
open_files(const struct stored *s, const char *name,
    const struct choose_alive *alive, struct recording *r, bool *failed)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->name, sizeof(r->name), "%s", name);
	snprintf(r->base, sizeof(r->base), "%s", s->base);
	for (int i = 0; i < STORE_FILES; i++) {
		r->fds[i] = store_open(s, (enum store_file)i);
		if (r->fds[i] >= 0 || (errno == ENOENT && i != STORE_CAST))
			continue;
		if (errno != ENOENT) {
			ctl_fail("%s: %s", name,
			    errno == EINVAL ? "not a regular file" :
					      strerror(errno));
			*failed = true;
		}
		recording_close(r);
		return false;
	}
	r->monitor = choose_monitor(alive, s->base);
	r->running = r->monitor != 0;
	return true;
}

/* Nothing was recorded before the server made its directory. */
int
choose_walk(
    const struct recordings_options *o, time_t since, store_fn *fn, void *arg)
{
	int err = store_walk(o->directory, since, fn, arg);

	return err != 0 && o->own && errno == ENOENT ? 0 : err;
}

/* ---- by a path ---- */

bool
choose_is_path(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') != NULL ||
	    (len > 5 && strcmp(&name[len - 5], ".cast") == 0);
}

/* Splits the path in place; its directory is opened. */
static int
split_path(char *path, struct stored *s)
{
	size_t len = strlen(path);
	char *slash;

	if (len <= 5 || strcmp(&path[len - 5], ".cast") != 0)
		return ctl_fail("%s: not a file that ends in .cast", path);
	path[len - 5] = '\0';
	slash = strrchr(path, '/');
	s->base = slash == NULL ? path : slash + 1;
	s->day = "";
	if (slash != NULL)
		*slash = '\0';
	s->fd = open(slash == NULL ? "." :
		slash == path	   ? "/" :
				     path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return ctl_fail("%s: %s", path, strerror(errno));
	if (strlen(s->base) >= sizeof(((struct recording *)0)->base))
		return ctl_fail("%s: the name is too long", s->base);
	return CTL_OK;
}

/* ---- all that were asked for ---- */

struct feeding {
	const struct recordings_options *o;
	struct choose_alive alive;
	int feed;
	int count; /* of those sent */
	bool failed; /* there are others, which could not be sent */
	const char *name; /* the beginning of the id, or NULL */
};

static bool
feed_stored(const struct stored *s, void *arg)
{
	struct feeding *f = arg;
	struct recording r;
	char *name;
	bool gone = false;

	if (f->name != NULL && strncmp(s->base, f->name, strlen(f->name)) != 0)
		return false;
	name = mem_printf("%s/%s.cast", s->day, s->base);
	if (open_files(s, name, &f->alive, &r, &f->failed)) {
		gone = !reader_send(f->feed, &r);
		f->count++;
		recording_close(&r);
	}
	free(name);
	return gone;
}

static void
feed_directory(struct feeding *f)
{
	if (choose_walk(f->o, f->o->since, feed_stored, f) != 0) {
		ctl_fail("%s: %s", f->o->directory, strerror(errno));
		f->count = -1;
	}
}

static void
feed_path(struct feeding *f, const char *path)
{
	char *copy = mem_strdup(path);
	struct stored s = {.fd = -1};
	struct recording r;

	if (split_path(copy, &s) == CTL_OK &&
	    open_files(&s, path, &f->alive, &r, &f->failed)) {
		(void)reader_send(f->feed, &r);
		f->count++;
		recording_close(&r);
	}
	if (s.fd >= 0)
		close(s.fd);
	free(copy);
}

void
choose_feed(const struct recordings_options *o, int feed, void *arg)
{
	struct feeding f = {.o = o, .feed = feed};
	int *result = arg, before;

	choose_ask_alive(o, &f.alive);
	if (o->name_count == 0)
		feed_directory(&f);
	for (size_t i = 0; i < o->name_count && f.count >= 0; i++) {
		before = f.count;
		f.name = o->names[i];
		if (choose_is_path(o->names[i]))
			feed_path(&f, o->names[i]);
		else
			feed_directory(&f);
		if (f.count == before) {
			ctl_fail("%s: no such recording", o->names[i]);
			f.count = -1;
		}
	}
	choose_free_alive(&f.alive);
	*result = f.failed ? -1 : f.count;
}

/* ---- one ---- */

struct finding {
	const char *name;
	char day[16], base[STORE_BASE_MAX];
	int fd;
	unsigned count;
};

static bool
find_stored(const struct stored *s, void *arg)
{
	struct finding *f = arg;
	bool exact = strcmp(s->base, f->name) == 0;

	if (strncmp(s->base, f->name, strlen(f->name)) != 0)
		return false;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 3);
	f->count = exact ? 1 : f->count + 1;
	snprintf(f->day, sizeof(f->day), "%s", s->day);
	snprintf(f->base, sizeof(f->base), "%s", s->base);
	return exact;
}

static int
find_one(const struct recordings_options *o, struct stored *where, char **name)
{
	struct finding f = {.name = o->names[0], .fd = -1};

	if (choose_walk(o, 0, find_stored, &f) != 0)
		return ctl_fail("%s: %s", o->directory, strerror(errno));
	if (f.count == 0 || f.fd < 0)
		return ctl_fail("%s: no such recording", o->names[0]);
	if (f.count > 1) {
		close(f.fd);
		return ctl_fail(
		    "%s: %u recordings begin so", o->names[0], f.count);
	}
	where->fd = f.fd;
	where->day = mem_strdup(f.day);
	where->base = mem_strdup(f.base);
	*name = mem_printf("%s/%s.cast", f.day, f.base);
	return CTL_OK;
}

static int
find_path(const char *path, struct stored *where, char **name)
{
	char *copy = mem_strdup(path);
	struct stored s = {.fd = -1};
	int status = split_path(copy, &s);

	where->fd = s.fd;
	if (status == CTL_OK) {
		where->base = mem_strdup(s.base);
		*name = mem_strdup(path);
	}
	free(copy);
	return status;
}

void
choose_free(struct stored *where)
{
	if (where->fd >= 0)
		close(where->fd);
	free((char *)(uintptr_t)where->day);
	free((char *)(uintptr_t)where->base);
}

int
choose_one(const struct recordings_options *o, struct recording *r,
    struct stored *where)
{
	struct choose_alive alive;
	char *name = NULL;
	bool told = false;
	int status;

	*where = (struct stored){.fd = -1};
	status = choose_is_path(o->names[0]) ?
	    find_path(o->names[0], where, &name) :
	    find_one(o, where, &name);
	if (status == CTL_OK) {
		choose_ask_alive(o, &alive);
		if (!open_files(where, name, &alive, r, &told))
			status = told ? CTL_FAILED :
					ctl_fail("%s: no such recording", name);
		choose_free_alive(&alive);
	}
	if (status != CTL_OK)
		choose_free(where);
	free(name);
	return status;
}

bool
choose_has_ended(const struct stored *where, int monitor)
{
	struct pollfd p = {.fd = monitor, .events = POLLIN};
	uint64_t bytes;
	time_t changed;

	return store_look(where, STORE_MANIFEST, &bytes, &changed) ||
	    !store_look(where, STORE_CAST, &bytes, &changed) ||
	    poll(&p, 1, 0) > 0;
}
