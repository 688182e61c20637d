/*
 * The authorized_keys files of this machine's users, as the publickey module
 * looks for them: by the same patterns, under the same rules for owners and
 * modes, each read by a child that has become the user.
 */
#include "daemon/ctl/keys.h"

#include "daemon/ctl/ctl.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/ssh/authorized_keys.h"
#include "privsep/errand.h"
#include "privsep/path_tokens.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FILES "%h/.ssh/authorized_keys"
#define FILE_MAX      (4 * 1024 * 1024)
#define USERS_MAX     1000000
#define LINES_MAX     4000000

struct scan {
	const struct config *config;
	struct key_lines *lines;
	char **patterns;
	size_t pattern_count;
	const struct passwd *pw;
	struct errand_as as;
	bool full; /* LINES_MAX, which has been told */
};

static bool
is_publickey(const struct module_settings *m)
{
	const char *slash = m->file == NULL ? NULL : strrchr(m->file, '/');
	const char *file = slash != NULL ? &slash[1] :
	    m->file != NULL		 ? m->file :
					   m->name;

	return strcmp(file, "publickey") == 0 ||
	    strcmp(file, "publickey.so") == 0;
}

/* Has the source of "NAME.file" keys of authorities, or is it a list of
 * principals?  Then its files hold no keys. */
static bool
lists_principals(const struct module_settings *m, const char *option)
{
	size_t len = strcspn(option, ".");

	if (option[len] == '\0')
		return false;
	for (size_t i = 0; i < m->options.count; i++) {
		const struct pair *p = &m->options.items[i];

		if (strncmp(p->key, option, len) != 0 || p->key[len] != '.')
			continue;
		if (strcmp(&p->key[len], ".ca_keys") == 0 ||
		    (strcmp(&p->key[len], ".principals") == 0 &&
			strcmp(p->value, "true") == 0))
			return true;
	}
	return strncmp(option, "principals.", 11) == 0;
}

static bool
is_key_file(const struct module_settings *m, const char *option)
{
	const char *dot = strrchr(option, '.');

	return strcmp(option, "files") == 0 ||
	    (dot != NULL && strcmp(dot, ".file") == 0 &&
		!lists_principals(m, option));
}

static void
find_patterns(struct scan *s)
{
	for (size_t i = 0; i < s->config->module_count; i++) {
		const struct module_settings *m = &s->config->modules[i];
		bool sources = false, found = false;

		if (!is_publickey(m))
			continue;
		for (size_t k = 0; k < m->options.count; k++) {
			const struct pair *p = &m->options.items[k];

			sources |= strcmp(p->key, "sources") == 0;
			if (!is_key_file(m, p->key))
				continue;
			mem_push(&s->patterns, &s->pattern_count,
			    mem_strdup(p->value));
			found = true;
		}
		if (!found && !sources)
			mem_push(&s->patterns, &s->pattern_count,
			    mem_strdup(DEFAULT_FILES));
	}
}

/*
 * A file that the module refuses as well opens no door; one that did not answer
 * may hold keys that do.
 */
static void
unreadable(struct scan *s, const char *path, int err, const char *why)
{
	s->lines->unreadable += err == SALLYPORT_TIMEOUT ||
	    err == SALLYPORT_STATE || err == SALLYPORT_SYSTEM;
	ctl_fail("%s: no key of %s counts: %s", s->pw->pw_name, path, why);
}

static void
take_line(struct scan *s, const char *path, unsigned number,
    const struct authorized_line *line)
{
	struct key_lines *l = s->lines;
	struct key_line *out;
	char fp[KEY_FINGERPRINT_SIZE];

	if (l->count == LINES_MAX) {
		if (!s->full)
			unreadable(s, path, SALLYPORT_SYSTEM,
			    "there are too many keys before it");
		s->full = true;
		return;
	}
	if ((l->count & (l->count - 1)) == 0)
		l->items = mem_grow(l->items, l->count == 0 ? 1 : 2 * l->count,
		    sizeof(*l->items));
	out = &l->items[l->count++];
	key_fingerprint(line->key, fp, sizeof(fp));
	*out = (struct key_line){.type = mem_strdup(key_name(line->key)),
	    .fp = mem_strdup(fp),
	    .comment = mem_strdup(line->comment),
	    .user = mem_strdup(s->pw->pw_name),
	    .place = mem_printf("%s:%u", path, number),
	    .expires = line->options.expires,
	    .authority = line->options.cert_authority};
}

static void
take_file(struct scan *s, const char *path, const char *text, size_t len)
{
	const char *end = text + len, *at = text, *next;
	struct authorized_line line;
	char why[SAFEFILE_WHY_MAX];

	for (unsigned number = 1; at < end; number++, at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (next == NULL)
			next = end;
		/* A line that is wrong lets nobody in. */
		if (authorized_keys_parse(
			at, (size_t)(next - at), &line, why, sizeof(why)) != 0)
			continue;
		take_line(s, path, number, &line);
		authorized_line_free(&line);
	}
}

static void
scan_file(struct scan *s, const char *path)
{
	char why[SAFEFILE_WHY_MAX] = "";
	struct buf b;
	int fd = -1,
	    err = errand_open(&s->as, path, s->pw->pw_dir, FILE_MAX,
		s->config->deadlines.key_command * 1000, &fd, why, sizeof(why));

	if (err == SALLYPORT_NOT_FOUND)
		return;
	if (err != SALLYPORT_OK) {
		unreadable(s, path, err, why);
		return;
	}
	buf_init(&b, FILE_MAX);
	if (safefile_read_fd(fd, FILE_MAX, &b) != 0)
		unreadable(s, path, SALLYPORT_SYSTEM, "cannot be read");
	else if (b.len > 0)
		take_file(s, path, (const char *)b.data, b.len);
	close(fd);
	buf_free(&b);
}

static void
scan_glob(struct scan *s, const char *pattern)
{
	char why[SAFEFILE_WHY_MAX] = "", *names = NULL;
	size_t len = 0;
	int err = errand_match(&s->as, pattern,
	    s->config->deadlines.key_command * 1000, &names, &len, why,
	    sizeof(why));

	if (err != SALLYPORT_OK && err != SALLYPORT_NOT_FOUND)
		unreadable(s, pattern, err, why);
	for (size_t i = 0; names != NULL && err == SALLYPORT_OK && i < len;
	     i += strlen(&names[i]) + 1)
		scan_file(s, &names[i]);
	free(names);
}

/* As the module's pk_expand(): relative to the home directory. */
static char *
expand(const struct passwd *pw, const char *pattern)
{
	char *whole = NULL, *path;

	if (pattern[0] != '/' && pattern[0] != '%')
		whole = mem_printf("%%h/%s", pattern);
	path = path_tokens_expand(whole != NULL ? whole : pattern, pw);
	free(whole);
	return path;
}

static void
scan_user(struct scan *s, const struct passwd *pw)
{
	gid_t groups[1024];
	int count = 1024;

	/* Such a name could lead a path elsewhere; no module takes it. */
	if (strchr(pw->pw_name, '/') != NULL || pw->pw_name[0] == '.' ||
	    pw->pw_dir[0] != '/')
		return;
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &count) < 0)
		count = 0;
	s->pw = pw;
	s->as = (struct errand_as){.uid = pw->pw_uid,
	    .gid = pw->pw_gid,
	    .groups = groups,
	    .group_count = (size_t)count,
	    .whose = pw->pw_uid,
	    .private_group_of = s->config->private_groups ? pw->pw_name : NULL};
	s->lines->users++;
	for (size_t i = 0; i < s->pattern_count; i++) {
		char *path = expand(pw, s->patterns[i]);

		if (path == NULL)
			unreadable(s, s->patterns[i], SALLYPORT_SYSTEM,
			    "cannot be expanded");
		else if (strpbrk(s->patterns[i], "*?[") != NULL)
			scan_glob(s, path);
		else
			scan_file(s, path);
		free(path);
	}
	s->as.groups = NULL;
}

/* The name service has not told of somebody. */
static void
missed(struct scan *s, const char *what)
{
	s->lines->unreadable++;
	ctl_fail("not all users could be looked up: %s", what);
}

void
keys_scan(const struct config *config, struct key_lines *lines)
{
	struct scan s = {.config = config, .lines = lines};
	char **names = NULL;
	size_t count = 0;
	struct passwd *pw;

	memset(lines, 0, sizeof(*lines));
	find_patterns(&s);
	/* First the names: a look-up within the list may disturb it. */
	setpwent();
	while (count < USERS_MAX && (pw = getpwent()) != NULL)
		mem_push(&names, &count, mem_strdup(pw->pw_name));
	endpwent();
	if (count == USERS_MAX)
		missed(&s, "there are more users than are looked at");
	for (size_t i = 0; i < count; i++) {
		errno = 0;
		if ((pw = getpwnam(names[i])) == NULL) {
			/* An account that was removed meanwhile is no error. */
			if (errno != 0 && errno != ENOENT && errno != ESRCH)
				missed(&s, names[i]);
		} else {
			struct passwd copy = *pw;

			copy.pw_name = mem_strdup(pw->pw_name);
			copy.pw_dir = mem_strdup(pw->pw_dir);
			scan_user(&s, &copy);
			free(copy.pw_name);
			free(copy.pw_dir);
		}
		free(names[i]);
	}
	free(names);
	for (size_t i = 0; i < s.pattern_count; i++)
		free(s.patterns[i]);
	free(s.patterns);
}

void
key_lines_free(struct key_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		free(lines->items[i].type);
		free(lines->items[i].fp);
		free(lines->items[i].comment);
		free(lines->items[i].user);
		free(lines->items[i].place);
	}
	free(lines->items);
	memset(lines, 0, sizeof(*lines));
}
