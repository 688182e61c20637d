/*
 * The path of a chroot, as root: the user's own directories must not lie on
 * it, since a set-user-id program inside believes what it finds.
 */
#include "privsep/chroot_path.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 16

static int
judge(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return E_SYSTEM;
	if (S_ISLNK(st->st_mode))
		return 0; /* its directory was judged: root made it */
	if (!S_ISDIR(st->st_mode))
		return E_FORMAT;
	return st->st_uid != 0 || (st->st_mode & 022) != 0 ? E_PERMISSIONS : 0;
}

/* The rest of the path with a link's target in front. */
static char *
follow(int fd, char *rest)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
	char *joined;

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	joined = mem_printf("%s/%s", target, rest);
	return joined;
}

/* One component deeper: *dir becomes it, or *path what a link says. */
static int
descend(int *dir, char **path, unsigned *links)
{
	char *rest = *path + strspn(*path, "/"), *joined;
	size_t len = strcspn(rest, "/");
	char name[NAME_MAX + 1];
	struct stat st;
	int fd, err;

	if (len > NAME_MAX)
		return E_TOO_LARGE;
	memcpy(name, rest, len);
	name[len] = '\0';
	rest = mem_strdup(&rest[len]);
	free(*path);
	*path = rest;
	fd = openat(*dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return E_SYSTEM;
	if ((err = judge(fd, &st)) != 0 || !S_ISLNK(st.st_mode)) {
		close(*dir);
		*dir = fd;
		return err;
	}
	joined = ++*links > LINKS_MAX ? NULL : follow(fd, rest);
	close(fd);
	if (joined == NULL)
		return E_LIMIT;
	free(*path);
	*path = joined;
	if (joined[0] != '/')
		return 0;
	close(*dir);
	*dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *dir < 0 ? E_SYSTEM : judge(*dir, &st);
}

int
chroot_path_open(const char *path, int *dir, char *bad, size_t size)
{
	int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *left = mem_strdup(path);
	unsigned links = 0;
	struct stat st;
	int err;

	snprintf(bad, size, "/");
	err = path[0] != '/' ? E_FORMAT : at < 0 ? E_SYSTEM : judge(at, &st);
	while (err == 0 && left[strspn(left, "/")] != '\0') {
		snprintf(bad, size, "%.*s", (int)(size - 1),
		    &left[strspn(left, "/")]);
		bad[strcspn(bad, "/")] = '\0';
		err = descend(&at, &left, &links);
	}
	if (err == 0)
		*dir = at;
	else if (at >= 0)
		close(at);
	free(left);
	return err;
}
