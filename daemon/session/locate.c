/*
 * UNIX sockets of forwards: which one a path leads to is found out here, as
 * the user, and judged by the monitor.  It is held open meanwhile, so that what
 * is connected to is what was judged: by then the path may lead elsewhere.
 */
#include "daemon/session/inside.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "privsep/die.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINK_MAX_LEN 32

static int
links(const struct session *s)
{
	return s->links >= 0 ? s->links : AT_FDCWD;
}

/* The link to a descriptor, below links(). */
static const char *
link_of(const struct session *s, int fd, char *link)
{
	snprintf(link, LINK_MAX_LEN, "%s%d",
	    s->links >= 0 ? "" : "/proc/self/fd/", fd);
	return link;
}

/*
 * The kernel's name of what is open, in path[PATH_MAX].  Links to descriptors
 * can lead to what has no name here (it is deleted, or in a mount namespace of
 * the user's): the name must lead back.
 */
static int
real_path(const struct session *s, int fd, char *path)
{
	struct stat open_one, named;
	struct statfs fs;
	char link[LINK_MAX_LEN];
	ssize_t n;

	/* In a chroot it may be missing, or something else. */
	if (s->links < 0 &&
	    (statfs("/proc/self/fd", &fs) != 0 ||
		fs.f_type != PROC_SUPER_MAGIC))
		return EOPNOTSUPP;
	n = readlinkat(links(s), link_of(s, fd, link), path, PATH_MAX);
	if (n < 0)
		return errno;
	if (n == PATH_MAX)
		return ENAMETOOLONG;
	path[n] = '\0';
	if (path[0] != '/')
		return ENOENT; /* "(unreachable)", and what has no path */
	if (fstat(fd, &open_one) != 0 || lstat(path, &named) != 0)
		return errno;
	return open_one.st_dev == named.st_dev &&
		open_one.st_ino == named.st_ino ?
	    0 :
	    ENOENT;
}

/* The directory that a socket is to be bound in, and its name there. */
static int
open_parent(struct place *p, char *path)
{
	char *slash = strrchr(p->asked, '/');
	size_t len;
	int error;

	p->name = slash + 1;
	if (*p->name == '\0' || strcmp(p->name, ".") == 0 ||
	    strcmp(p->name, "..") == 0)
		return EINVAL;
	*slash = '\0';
	p->fd = open(*p->asked != '\0' ? p->asked : "/",
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	error = p->fd < 0 ? errno : 0;
	*slash = '/';
	if (error == 0)
		error = real_path(p->s, p->fd, path);
	if (error != 0)
		return error;
	len = strcmp(path, "/") == 0 ? 0 : strlen(path);
	if (len + 1 + strlen(p->name) >= PATH_MAX)
		return ENAMETOOLONG;
	path[len] = '/';
	strcpy(&path[len + 1], p->name);
	return 0;
}

static int
open_place(struct place *p, bool listen)
{
	char path[PATH_MAX];
	int error = 0;

	if (p->asked[0] != '/')
		return EINVAL; /* relative to nothing the client knows */
	if (listen) {
		error = open_parent(p, path);
	} else {
		p->fd = open(p->asked, O_PATH | O_CLOEXEC);
		error = p->fd < 0 ? errno : real_path(p->s, p->fd, path);
	}
	if (error == 0)
		p->path = mem_strdup(path);
	return error;
}

static const char *
words(int error)
{
	return error == EOPNOTSUPP ? "there is no /proc in the chroot" :
				     strerror(error);
}

int
on_locate(struct session *s, struct wall_message *message)
{
	const struct msg_locate *m = &message->locate;
	struct place *p;
	int error;

	if (s->finishing || s->n_reaches >= REACHES_MAX ||
	    locate_held(s, m->number) != NULL) {
		(void)WALL_SEND(&s->monitor, located, .number = m->number,
		    .path = "", .text = strerror(EAGAIN));
		return 0;
	}
	p = mem_zalloc(sizeof(*p));
	p->s = s;
	p->number = m->number;
	p->fd = -1;
	p->asked = mem_strdup(m->path);
	LIST_INSERT_HEAD(&s->places, p, next);
	s->n_reaches++;
	error = open_place(p, m->listen);
	(void)WALL_SEND(&s->monitor, located, .number = m->number,
	    .path = error == 0 ? p->path : "",
	    .text = error == 0 ? "" : words(error));
	if (error != 0)
		locate_forget(p);
	return 0;
}

struct place *
locate_held(struct session *s, uint32_t number)
{
	struct place *p;

	LIST_FOREACH(p, &s->places, next)
	if (p->number == number)
		return p;
	return NULL;
}

/* connect(2) takes no directory: that of the links is entered for it. */
int
locate_connect(const struct session *s, const struct place *p, int fd)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char link[LINK_MAX_LEN];
	int error = 0;

	snprintf(
	    sun.sun_path, sizeof(sun.sun_path), "%s", link_of(s, p->fd, link));
	if (s->links >= 0 && fchdir(s->links) != 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		error = errno;
	if (s->links >= 0 && chdir("/") != 0)
		die_errno("session: /");
	return error;
}

void
locate_forget(struct place *p)
{
	if (p == NULL)
		return;
	if (p->fd >= 0)
		close(p->fd);
	LIST_REMOVE(p, next);
	p->s->n_reaches--;
	free(p->asked);
	free(p->path);
	free(p);
}

int
on_forget(struct session *s, struct wall_message *m)
{
	locate_forget(locate_held(s, m->forget.number));
	return 0;
}

void
locates_end(struct session *s)
{
	while (!LIST_EMPTY(&s->places))
		locate_forget(LIST_FIRST(&s->places));
}
