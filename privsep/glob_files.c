/*
 * Files by a pattern of glob(7): see glob_files.h.  Runs in a light child as
 * the user whose files they are, and trusts nothing that a file system says
 * but the order of bytes in its entries.  Work and results are bounded.
 */
#include "privsep/glob_files.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_MAX  65536 /* looked at in all directories together */
#define LEVELS_MAX   4 /* components with wildcards */
#define BLOCK	     4096
#define WHY_PATH_MAX 400 /* of the path, in words about it */

struct search {
	char path[PATH_MAX]; /* as far as it is walked */
	int to;
	char *why;
	unsigned files, entries, level;
	size_t bytes;
};

/* ---- matching ----------------------------------------------------------- */

/* The end of the bracket expression at p, or NULL: '[' stands for itself.  As
 * in sshd's own glob() '!' negates, and '^' is a byte as any other. */
static const char *
bracket_end(const char *p, const char *end)
{
	p++;
	if (p < end && *p == '!')
		p++;
	for (const char *first = p; p < end; p++) {
		if (*p == ']' && p > first)
			return &p[1];
		if (*p == '\\' && ++p == end)
			break;
	}
	return NULL;
}

static bool
bracket_has(const char *p, const char *end, unsigned char c)
{
	bool negated = p[1] == '!', found = false;
	unsigned char low, high;

	end--; /* the ']' */
	for (p += 1 + negated; p < end; p++) {
		if (*p == '\\')
			p++;
		low = high = (unsigned char)*p;
		if (end - p > 2 && p[1] == '-') {
			p += 2;
			if (*p == '\\')
				p++;
			high = (unsigned char)*p;
		}
		found = found || (low <= c && c <= high);
	}
	return found != negated;
}

/* One element of the pattern against one byte; *p moves behind it. */
static bool
element_matches(const char **p, const char *end, unsigned char c)
{
	const char *at = *p, *behind;

	*p = &at[1];
	if (*at == '?')
		return true;
	if (*at == '[' && (behind = bracket_end(at, end)) != NULL) {
		*p = behind;
		return bracket_has(at, behind, c);
	}
	if (*at == '\\' && &at[1] < end) {
		*p = &at[2];
		at++;
	}
	return (unsigned char)*at == c;
}

bool
glob_matches(const char *name, const char *pattern, size_t len)
{
	const char *p = pattern, *end = &pattern[len];
	const char *star = NULL, *again = NULL, *next;

	if (name[0] == '.' && (len == 0 || *p != '.') &&
	    (len < 2 || p[0] != '\\' || p[1] != '.'))
		return false;
	while (*name != '\0') {
		if (p < end && *p == '*') {
			star = ++p;
			again = name;
			continue;
		}
		next = p;
		if (p < end &&
		    element_matches(&next, end, (unsigned char)*name)) {
			p = next;
			name++;
		} else if (star != NULL) {
			p = star; /* the last star takes one byte more */
			name = ++again;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}

/* ---- searching ---------------------------------------------------------- */

static int visit(struct search *s, size_t at, const char *rest);

static int
say(struct search *s, int err, const char *what)
{
	snprintf(
	    s->why, SAFEFILE_WHY_MAX, "%.*s: %s", WHY_PATH_MAX, s->path, what);
	return err;
}

static int
found(struct search *s, size_t len)
{
	const char *p = s->path;

	if (s->files++ == GLOB_FILES_MAX ||
	    (s->bytes += len + 1) > GLOB_BYTES_MAX) {
		snprintf(s->why, SAFEFILE_WHY_MAX, "more than %d files match",
		    GLOB_FILES_MAX);
		return E_LIMIT;
	}
	for (size_t left = len + 1; left > 0;) {
		ssize_t n = write(s->to, p, left);

		if (n <= 0)
			return say(s, E_SYSTEM, "cannot be told");
		p += n;
		left -= (size_t)n;
	}
	return 0;
}

/* The pattern's next component is len bytes of rest: the entries like it. */
static int
visit_entry(struct search *s, size_t at, const struct dirent64 *entry,
    const char *rest, size_t len)
{
	size_t name = strlen(entry->d_name);
	bool last = rest[len] == '\0';

	if (++s->entries > ENTRIES_MAX)
		return say(s, E_LIMIT, "too many files to look through");
	if (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0 ||
	    strchr(entry->d_name, '/') != NULL ||
	    !glob_matches(entry->d_name, rest, len))
		return 0;
	/* A directory is no file, and a file no directory. */
	if (last ? entry->d_type == DT_DIR :
		   entry->d_type != DT_DIR && entry->d_type != DT_LNK &&
		    entry->d_type != DT_UNKNOWN)
		return 0;
	if (name >= sizeof(s->path) - at)
		return say(s, E_TOO_LARGE, "a path is too long");
	memcpy(&s->path[at], entry->d_name, name + 1);
	return visit(s, at + name, &rest[len]);
}

static int
visit_entries(struct search *s, size_t at, int fd, const char *rest, size_t len)
{
	_Alignas(struct dirent64) char block[BLOCK];
	ssize_t n;
	int err = 0;

	while (err == 0 && (n = getdents64(fd, block, sizeof(block))) > 0)
		for (ssize_t i = 0; err == 0 && i < n;) {
			const struct dirent64 *entry = (const void *)&block[i];

			err = visit_entry(s, at, entry, rest, len);
			i += entry->d_reclen;
		}
	s->path[at] = '\0';
	/* Not strerror(), which may lock: privsep/light_child.h. */
	return err == 0 && n < 0 ? say(s, E_SYSTEM, strerrordesc_np(errno)) :
				   err;
}

static int
visit_directory(struct search *s, size_t at, const char *rest, size_t len)
{
	int fd, err;

	if (s->level == LEVELS_MAX)
		return say(s, E_LIMIT, "too many wildcards in the path");
	fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ?
		    0 :
		    say(s, E_SYSTEM, strerrordesc_np(errno));
	s->level++;
	err = visit_entries(s, at, fd, rest, len);
	s->level--;
	close(fd);
	return err;
}

/* Walk on from path, at bytes of it: rest begins with '/' or is at its end. */
static int
visit(struct search *s, size_t at, const char *rest)
{
	size_t len, begin = at;
	struct stat st;

	while (*rest != '\0') {
		if (at + 2 > sizeof(s->path))
			return say(s, E_TOO_LARGE, "a path is too long");
		if (*rest == '/') {
			s->path[at++] = *rest++;
			s->path[at] = '\0';
			continue;
		}
		len = strcspn(rest, "/");
		if (strcspn(rest, "*?[") < len)
			return visit_directory(s, at, rest, len);
		for (const char *end = &rest[len]; rest < end; rest++) {
			if (*rest == '\\' && &rest[1] < end)
				rest++;
			if (at + 2 > sizeof(s->path))
				return say(
				    s, E_TOO_LARGE, "a path is too long");
			s->path[at++] = *rest;
			s->path[at] = '\0';
		}
	}
	/* "/name" behind an entry need not be there, and counts if it is. */
	if (s->level > 0 && at > begin && lstat(s->path, &st) != 0 &&
	    (errno == ENOENT || errno == ENOTDIR))
		return 0;
	return found(s, at);
}

int
glob_files(const char *pattern, int to, char why[SAFEFILE_WHY_MAX])
{
	struct search s = {.to = to, .why = why};

	why[0] = '\0';
	if (pattern[0] != '/')
		return say(&s, E_VALUE, "not an absolute path");
	return visit(&s, 0, pattern);
}

/* ---- the list ----------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *
glob_sorted(const char *list, size_t len)
{
	const char *names[GLOB_FILES_MAX] = {NULL};
	size_t count = 0, at, used = 0;
	char *sorted;

	if (len > GLOB_BYTES_MAX || (len > 0 && list[len - 1] != '\0'))
		return NULL;
	for (at = 0; at < len; at += strlen(&list[at]) + 1) {
		if (count == GLOB_FILES_MAX || list[at] != '/')
			return NULL;
		names[count++] = &list[at];
	}
	qsort(names, count, sizeof(names[0]), compare);
	sorted = mem_alloc(len + 1);
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(names[i]) + 1;

		memcpy(&sorted[used], names[i], size);
		used += size;
	}
	sorted[used] = '\0';
	return sorted;
}

char *
glob_read(int fd, size_t *len)
{
	struct buf list;
	char *sorted = NULL;

	buf_init(&list, GLOB_BYTES_MAX);
	if (safefile_read_fd(fd, GLOB_BYTES_MAX, &list) == 0)
		sorted = glob_sorted((const char *)list.data, list.len);
	*len = list.len;
	buf_free(&list);
	return sorted;
}
