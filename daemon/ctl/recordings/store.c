/*
 * The directory of recordings: store.h.
 */
#include "daemon/ctl/recordings/store.h"

#include "lib/err.h"

#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static const char *const endings[STORE_FILES] = {
    [STORE_CAST] = ".cast",
    [STORE_MANIFEST] = ".manifest",
    [STORE_SIGNATURE] = ".manifest.sig",
};

static size_t
digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && isdigit((unsigned char)text[n]))
		n++;
	return n;
}

/* 16 hexadecimal digits, "-", a number, and perhaps "-" and another. */
bool
store_is_base(const char *base, size_t len)
{
	size_t at = 16, n;

	if (len < 18 || len >= STORE_BASE_MAX)
		return false;
	for (size_t i = 0; i < 16; i++)
		if (strchr("0123456789abcdef", base[i]) == NULL ||
		    base[i] == '\0')
			return false;
	for (int i = 0; i < 2 && at < len; i++) {
		if (base[at] != '-' ||
		    (n = digits(&base[at + 1], len - at - 1)) == 0)
			return false;
		at += 1 + n;
	}
	return at == len;
}

static bool
is_number(const char *name, size_t len)
{
	return strlen(name) == len && digits(name, len) == len;
}

static int
is_year(const struct dirent *e)
{
	return is_number(e->d_name, 4);
}

static int
is_part(const struct dirent *e)
{
	return is_number(e->d_name, 2);
}

static int
is_cast(const struct dirent *e)
{
	size_t len = strlen(e->d_name), end = strlen(endings[STORE_CAST]);

	return len > end &&
	    strcmp(&e->d_name[len - end], endings[STORE_CAST]) == 0 &&
	    store_is_base(e->d_name, len - end);
}

struct walk {
	char day[11]; /* "2026/11/30" */
	char first[11]; /* the first day that is wanted, or "" */
	char today[11]; /* days before are removed where they are empty */
	store_fn *fn;
	void *arg;
	int error; /* of a directory that could not be read */
};

/* One that is removed meanwhile had nothing more to show. */
static void
cannot_read(struct walk *w)
{
	if (errno != ENOENT)
		w->error = errno;
}

static bool
walk_files(struct walk *w, int fd)
{
	struct dirent **list;
	bool end = false;
	int n = scandirat(fd, ".", &list, is_cast, alphasort);

	if (n < 0)
		cannot_read(w);
	for (int i = 0; i < n; i++) {
		char *name = list[i]->d_name;
		struct stored s = {fd, w->day, name};

		name[strlen(name) - strlen(endings[STORE_CAST])] = '\0';
		if (!end)
			end = w->fn(&s, w->arg);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return end;
}

static bool walk_level(struct walk *w, int fd, int level);

static bool
walk_into(struct walk *w, int fd, const char *name, int level)
{
	int inner = openat(fd, name, OPEN_FLAGS | O_DIRECTORY);
	bool end;

	if (inner < 0) {
		/* A link or a file in this place is none of ours. */
		if (errno != ELOOP && errno != ENOTDIR)
			cannot_read(w);
		return false;
	}
	end = walk_level(w, inner, level + 1);
	close(inner);
	if (strcmp(w->today, "") != 0 &&
	    strncmp(w->day, w->today, strlen(w->day)) < 0)
		(void)unlinkat(fd, name, AT_REMOVEDIR);
	return end;
}

/* Years, months, days: names sort as the times do. */
static bool
walk_level(struct walk *w, int fd, int level)
{
	static const size_t places[] = {4, 7, 10};
	struct dirent **list;
	bool end = false;
	int n;

	if (level == 3)
		return w->fn != NULL && walk_files(w, fd);
	n = scandirat(
	    fd, ".", &list, level == 0 ? is_year : is_part, alphasort);
	if (n < 0)
		cannot_read(w);
	for (int i = 0; i < n; i++) {
		size_t at = level == 0 ? 0 : places[level - 1];

		snprintf(&w->day[at], sizeof(w->day) - at, "%s%s",
		    level == 0 ? "" : "/", list[i]->d_name);
		if (!end && strncmp(w->day, w->first, places[level]) >= 0)
			end = walk_into(w, fd, list[i]->d_name, level);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return end;
}

int
store_walk(const char *directory, time_t since, store_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};
	int fd = open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	struct tm tm;

	if (fd < 0)
		return E_SYSTEM;
	if (since > 0 && gmtime_r(&since, &tm) != NULL)
		strftime(w.first, sizeof(w.first), "%Y/%m/%d", &tm);
	(void)walk_level(&w, fd, 0);
	close(fd);
	errno = w.error;
	return w.error == 0 ? 0 : E_SYSTEM;
}

void
store_tidy(const char *directory)
{
	struct walk w = {.fn = NULL};
	int fd = open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(w.today, sizeof(w.today), "%Y/%m/%d", &tm);
	if (fd < 0)
		return;
	(void)walk_level(&w, fd, 0);
	close(fd);
}

static void
file_name(const struct stored *s, enum store_file which, char name[PATH_MAX])
{
	snprintf(name, PATH_MAX, "%s%s", s->base, endings[which]);
}

int
store_open(const struct stored *s, enum store_file which)
{
	char name[PATH_MAX];
	struct stat st;
	int fd;

	file_name(s, which, name);
	if ((fd = openat(s->fd, name, OPEN_FLAGS)) < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

bool
store_look(const struct stored *s, enum store_file which, uint64_t *bytes,
    time_t *changed)
{
	char name[PATH_MAX];
	struct stat st;

	file_name(s, which, name);
	if (fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	*bytes = (uint64_t)st.st_size;
	*changed = st.st_mtime;
	return true;
}

int
store_remove(const struct stored *s, enum store_file which)
{
	char name[PATH_MAX];

	file_name(s, which, name);
	return unlinkat(s->fd, name, 0);
}
