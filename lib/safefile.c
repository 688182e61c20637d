/*
 * Opens files that grant access: authorized_keys (as the user, in a child of
 * the monitor), host keys, configuration, KRLs.  Trusts no name twice: each
 * component is opened once and judged by its descriptor.
 */
#include "lib/safefile.h"

#include "lib/err.h"
#include "lib/secret.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX  16
#define KEYS_GROUP "ssh_keys"

struct walk {
	const struct safefile_rules *rules;
	char rest[PATH_MAX]; /* what is still to be walked */
	char shown[PATH_MAX]; /* where we are, for sentences */
	int dir; /* the directory we are in */
	int links;
	char *why;
};

static int __attribute__((format(printf, 3, 4)))
refuse(char *why, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, SAFEFILE_WHY_MAX, format, args);
	va_end(args);
	return err;
}

static int
refuse_errno(char *why, const char *path)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return refuse(why, E_NOT_FOUND, "no file %s", path);
	/* Not strerror(), which may lock: privsep/light_child.h. */
	return refuse(
	    why, E_SYSTEM, "cannot open %s: %s", path, strerrordesc_np(errno));
}

static bool
owner_is_good(const struct stat *st, const struct safefile_rules *rules)
{
	return st->st_uid == 0 || st->st_uid == rules->owner;
}

/* With an ACL the group's bits are its mask, and anybody may stand behind. */
static bool
has_acl(int fd)
{
	char path[sizeof("/proc/self/fd/") + 10];

	/* Not fgetxattr(): a directory's is opened for its path alone. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return getxattr(path, "system.posix_acl_access", NULL, 0) >= 0 ||
	    (errno != ENODATA && errno != EOPNOTSUPP);
}

static bool
group_is_good(int fd, const struct stat *st, const struct safefile_rules *rules)
{
	if ((st->st_mode & 020) == 0)
		return true;
	return rules->private_group != 0 &&
	    st->st_gid == rules->private_group && st->st_uid == rules->owner &&
	    !has_acl(fd);
}

static int
check_mode(int fd, const struct stat *st, const char *what, const char *name,
    const struct safefile_rules *rules, char *why)
{
	if (owner_is_good(st, rules) && (st->st_mode & 002) == 0 &&
	    group_is_good(fd, st, rules))
		return 0;
	return refuse(why, E_PERMISSIONS,
	    "bad ownership or modes for %s %s (owner %u, mode %04o)", what,
	    name, (unsigned)st->st_uid, (unsigned)st->st_mode & 07777);
}

/* From the file itself: no NSS module is loaded for this. */
static bool
is_keys_group(gid_t gid)
{
	FILE *f = fopen("/etc/group", "re");
	const struct group *g;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && (g = fgetgrent(f)) != NULL)
		found = g->gr_gid == gid && strcmp(g->gr_name, KEYS_GROUP) == 0;
	fclose(f);
	return found;
}

static bool
is_private(const struct stat *st)
{
	return (st->st_mode & 077) == 0 ||
	    ((st->st_mode & 037) == 0 && is_keys_group(st->st_gid));
}

int
safefile_check(int fd, const char *name, const struct safefile_rules *rules,
    char why[SAFEFILE_WHY_MAX])
{
	struct stat st;
	int err;

	if (fstat(fd, &st) != 0)
		return refuse_errno(why, name);
	if (!S_ISREG(st.st_mode))
		return refuse(why, E_FORMAT, "%s is not a regular file", name);
	if ((err = check_mode(fd, &st, "file", name, rules, why)) != 0)
		return err;
	if ((rules->flags & SAFEFILE_PRIVATE) && !is_private(&st))
		return refuse(why, E_PERMISSIONS,
		    "mode %04o of %s is too open for a private key, 0600 is "
		    "right",
		    (unsigned)st.st_mode & 07777, name);
	if (rules->max != 0 && (uintmax_t)st.st_size > rules->max)
		return refuse(why, E_TOO_LARGE,
		    "file %s is larger than %zu bytes", name, rules->max);
	return 0;
}

/* Go on from a directory; takes fd over. */
static int
enter(struct walk *w, int fd)
{
	struct stat st;

	if (w->dir >= 0)
		close(w->dir);
	w->dir = fd;
	if (fstat(fd, &st) != 0)
		return refuse_errno(w->why, w->shown);
	return check_mode(fd, &st, "directory", w->shown, w->rules, w->why);
}

/* Start (again) from the top for an absolute path. */
static int
start(struct walk *w, const char *path)
{
	const char *below = w->rules->below;
	size_t len = below == NULL ? 0 : strlen(below);
	int fd;

	while (len > 1 && below[len - 1] == '/')
		len--;
	if (len <= 1 || len >= sizeof(w->shown) ||
	    strncmp(path, below, len) != 0 || path[len] != '/') {
		below = "/";
		len = 1;
	}
	if (strlen(&path[len]) >= sizeof(w->rest))
		return refuse(w->why, E_FORMAT, "path too long");
	memcpy(w->shown, below, len);
	w->shown[len] = '\0';
	memmove(w->rest, &path[len], strlen(&path[len]) + 1);
	fd = open(w->shown, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse_errno(w->why, w->shown);
	return enter(w, fd);
}

/* Take the next component off the rest; false at the end. */
static bool
next_name(struct walk *w, char name[NAME_MAX + 1], bool *last, int *err)
{
	size_t skip = strspn(w->rest, "/"), len, slashes;

	len = strcspn(&w->rest[skip], "/");
	*err = 0;
	if (len == 0)
		return false;
	if (len > NAME_MAX) {
		*err = refuse(w->why, E_FORMAT, "path too long");
		return false;
	}
	memcpy(name, &w->rest[skip], len);
	name[len] = '\0';
	slashes = strspn(&w->rest[skip + len], "/");
	*last = w->rest[skip + len] == '\0';
	memmove(w->rest, &w->rest[skip + len + slashes],
	    strlen(&w->rest[skip + len + slashes]) + 1);
	return true;
}

static int
show(struct walk *w, const char *name)
{
	size_t len = strlen(w->shown);

	if (len + strlen(name) + 2 > sizeof(w->shown))
		return refuse(w->why, E_FORMAT, "path too long");
	if (len == 0 || w->shown[len - 1] != '/')
		w->shown[len++] = '/';
	strcpy(&w->shown[len], name);
	return 0;
}

static void
unshow(struct walk *w)
{
	char *slash = strrchr(w->shown, '/');

	slash[slash == w->shown ? 1 : 0] = '\0';
}

/* fd is a symbolic link (O_PATH): put what it says in front of the rest. */
static int
follow(struct walk *w, int fd, const struct stat *st)
{
	char whole[2 * PATH_MAX + 2];
	ssize_t n;

	if (!(w->rules->flags & SAFEFILE_FOLLOW))
		return refuse(
		    w->why, E_PERMISSIONS, "%s is a symbolic link", w->shown);
	if (++w->links > LINKS_MAX)
		return refuse(
		    w->why, E_FORMAT, "%s: too many symbolic links", w->shown);
	if (!owner_is_good(st, w->rules))
		return refuse(w->why, E_PERMISSIONS,
		    "bad ownership for symbolic link %s (owner %u)", w->shown,
		    (unsigned)st->st_uid);
	n = readlinkat(fd, "", whole, PATH_MAX);
	if (n <= 0 || n >= PATH_MAX)
		return refuse(
		    w->why, E_SYSTEM, "cannot read link %s", w->shown);
	unshow(w);
	if (w->rest[0] == '\0')
		whole[n] = '\0';
	else
		snprintf(&whole[n], sizeof(whole) - (size_t)n, "/%s", w->rest);
	if (whole[0] == '/')
		return start(w, whole);
	if (strlen(whole) >= sizeof(w->rest))
		return refuse(w->why, E_FORMAT, "path too long");
	strcpy(w->rest, whole);
	return 0;
}

/* The last name: opened for reading, and still the same file. */
static int
open_last(struct walk *w, const char *name, const struct stat *seen, int *out)
{
	struct stat st;
	int err, fd;

	if (!S_ISREG(seen->st_mode))
		return refuse(
		    w->why, E_FORMAT, "%s is not a regular file", w->shown);
	fd = openat(w->dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* Another's, and so not ours to open: the owner is what is wrong. */
	if (fd < 0 && errno == EACCES && !owner_is_good(seen, w->rules))
		return refuse(w->why, E_PERMISSIONS,
		    "bad ownership or modes for file %s (owner %u, mode %04o)",
		    w->shown, (unsigned)seen->st_uid,
		    (unsigned)seen->st_mode & 07777);
	if (fd < 0)
		return refuse_errno(w->why, w->shown);
	if (fstat(fd, &st) != 0 || st.st_dev != seen->st_dev ||
	    st.st_ino != seen->st_ino)
		err = refuse(w->why, E_PERMISSIONS,
		    "%s was replaced while it was opened", w->shown);
	else
		err = safefile_check(fd, w->shown, w->rules, w->why);
	if (err != 0)
		close(fd);
	else
		*out = fd;
	return err;
}

/* One component; *out is set when the file is reached. */
static int
step(struct walk *w, const char *name, bool last, int *out)
{
	struct stat st;
	int err, fd;

	if (strcmp(name, ".") == 0)
		return 0;
	if ((err = show(w, name)) != 0)
		return err;
	fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return refuse_errno(w->why, w->shown);
	if (fstat(fd, &st) != 0)
		err = refuse_errno(w->why, w->shown);
	else if (S_ISLNK(st.st_mode))
		err = follow(w, fd, &st);
	else if (last && !S_ISDIR(st.st_mode))
		err = open_last(w, name, &st, out);
	else if (!S_ISDIR(st.st_mode))
		err = refuse(w->why, E_NOT_FOUND, "no file %s", w->shown);
	else
		return enter(w, fd); /* keeps it */
	close(fd);
	return err;
}

int
safefile_open(const char *path, const struct safefile_rules *rules, int *fd,
    char why[SAFEFILE_WHY_MAX])
{
	struct walk w = {.rules = rules, .dir = -1, .why = why};
	char name[NAME_MAX + 1];
	int err, found = -1;
	bool last;

	why[0] = '\0';
	if (path[0] != '/')
		return refuse(
		    why, E_FORMAT, "%s is not an absolute path", path);
	if (strnlen(path, PATH_MAX) >= PATH_MAX)
		return refuse(why, E_FORMAT, "path too long");
	err = start(&w, path);
	while (err == 0 && found < 0 && next_name(&w, name, &last, &err))
		err = step(&w, name, last, &found);
	if (err == 0 && found < 0)
		err = refuse(why, E_FORMAT, "%s is not a regular file", path);
	if (w.dir >= 0)
		close(w.dir);
	if (err == 0)
		*fd = found;
	return err;
}

int
safefile_read_fd(int fd, size_t max, struct buf *out)
{
	uint8_t block[8192];
	size_t total = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		total += (size_t)n;
		if (total > max)
			break;
		buf_bytes(out, block, (size_t)n);
	}
	wipe(block, sizeof(block));
	if (n < 0)
		return E_SYSTEM;
	return total > max ? E_TOO_LARGE : buf_end(out);
}

size_t
safefile_mark(const void *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int
safefile_read(const char *path, const struct safefile_rules *rules,
    struct buf *out, char why[SAFEFILE_WHY_MAX])
{
	int fd, err = safefile_open(path, rules, &fd, why);

	if (err != 0)
		return err;
	err =
	    safefile_read_fd(fd, rules->max == 0 ? SIZE_MAX : rules->max, out);
	close(fd);
	if (err != 0)
		refuse(why, err, "cannot read %s: %s", path, err_text(err));
	return err;
}

int
safefile_append(const char *path, int *fd, char why[SAFEFILE_WHY_MAX])
{
	const struct safefile_rules rules = {.flags = SAFEFILE_FOLLOW};
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
	char again[32];
	int link, err;

	why[0] = '\0';
	*fd = open(path, flags | O_NOFOLLOW, 0600);
	if (*fd < 0 && errno == ELOOP) {
		if ((err = safefile_open(path, &rules, &link, why)) != 0) {
			errno = ELOOP;
			return err;
		}
		snprintf(again, sizeof(again), "/proc/self/fd/%d", link);
		*fd = open(again, flags & ~O_CREAT);
		close(link);
	}
	return *fd < 0 ? E_SYSTEM : 0;
}
