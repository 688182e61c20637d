/*
 * Sockets in the file system: remote streamlocal forwards, and the agent's.
 */
#include "daemon/session/inside.h"
#include "daemon/session/listener.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
bind_path(const char *path, mode_t mask, int *fd)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	mode_t old;
	int error = 0;

	*fd = -1;
	if (path[0] == '\0')
		return ENOENT;
	if (strlen(path) >= sizeof(sun.sun_path))
		return ENAMETOOLONG;
	memcpy(sun.sun_path, path, strlen(path) + 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return errno;
	old = umask(mask);
	if (bind(*fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		error = errno;
	umask(old);
	if (error == 0)
		return 0;
	close(*fd);
	*fd = -1;
	return error;
}

void
listener_own_path(struct listener *l, const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return;
	l->path = mem_strdup(path);
	l->device = st.st_dev;
	l->inode = st.st_ino;
}

/*
 * A socket of the user's own that is in the way; anything else stays.  Where
 * others may write, the sticky bit has the last word.
 */
static void
remove_old(const char *path, uid_t uid)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == uid)
		(void)unlink(path);
}

void
listen_unix(struct session *s, const struct msg_bind_unix *m)
{
	struct listener *l = listener_new(s, m->number, INCOMING_UNIX);
	int error = l == NULL ? EMFILE : 0, fd;

	if (error == 0 && m->path[0] != '/')
		error = EINVAL; /* relative to nothing the client knows */
	if (error == 0) {
		if (m->unlink)
			remove_old(m->path, s->start->uid);
		error = bind_path(m->path, (mode_t)m->mask, &fd);
	}
	if (error == 0) {
		listener_own_path(l, m->path);
		l->address = mem_strdup(m->path);
		error = listener_take(l, fd);
	}
	if (error != 0 && l != NULL)
		listener_free(l);
	listener_bound(
	    s, m->number, error, 0, error != 0 ? strerror(error) : m->path);
}

/* A directory only the user can enter, with a name nobody can foresee. */
static char *
make_directory(void)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char name[] = "/tmp/ssh-XXXXXXXXXX";
	uint8_t random[10];

	for (int attempt = 0; attempt < 100; attempt++) {
		if (getrandom(random, sizeof(random), 0) !=
		    (ssize_t)sizeof(random))
			return NULL;
		for (size_t i = 0; i < sizeof(random); i++)
			name[sizeof("/tmp/ssh-") - 1 + i] =
			    letters[random[i] % (sizeof(letters) - 1)];
		if (mkdir(name, 0700) == 0)
			return mem_strdup(name);
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

void
listen_agent(struct session *s, const struct msg_bind_agent *m)
{
	struct listener *l = listener_new(s, m->number, INCOMING_AGENT);
	char *path = NULL;
	int error = l == NULL ? EMFILE : 0, fd;

	if (error == 0 && (l->directory = make_directory()) == NULL)
		error = errno;
	if (error == 0) {
		path = mem_printf("%s/agent.%ld", l->directory, (long)getpid());
		error = bind_path(path, 0177, &fd);
	}
	if (error == 0) {
		listener_own_path(l, path);
		error = listener_take(l, fd);
	}
	if (error != 0 && l != NULL)
		listener_free(l);
	listener_bound(
	    s, m->number, error, 0, error != 0 ? strerror(error) : path);
	free(path);
}
