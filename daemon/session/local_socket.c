/*
 * Sockets in the file system: remote streamlocal forwards, and the agent's.
 */
#include "daemon/session/inside.h"
#include "daemon/session/listener.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/die.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
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
listener_own_path(
    struct listener *l, int directory, const char *name, const char *path)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
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
remove_old(const struct place *place, uid_t uid)
{
	struct stat st;

	if (fstatat(place->fd, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISSOCK(st.st_mode) && st.st_uid == uid)
		(void)unlinkat(place->fd, place->name, 0);
}

/*
 * In the directory that the monitor has judged: its path may lead elsewhere by
 * now.  A link of that name is in the way like anything else: bind(2) does not
 * follow it.
 */
static int
bind_place(const struct place *place, mode_t mask, int *fd)
{
	int error;

	*fd = -1;
	if (fchdir(place->fd) != 0)
		return errno;
	error = bind_path(place->name, mask, fd);
	if (chdir("/") != 0)
		die_errno("session: /");
	return error;
}

int
on_bind_unix(struct session *s, struct wall_message *message)
{
	const struct msg_bind_unix *m = &message->bind_unix;
	struct place *place = locate_held(s, m->number);
	struct listener *l = listener_new(s, m->number, INCOMING_UNIX);
	int error = l == NULL ? EMFILE : 0, fd;

	if (place == NULL || place->name == NULL)
		error = EINVAL;
	if (error == 0) {
		if (m->unlink)
			remove_old(place, s->start->uid);
		error = bind_place(place, (mode_t)m->mask, &fd);
	}
	if (error == 0) {
		listener_own_path(l, place->fd, place->name, place->path);
		l->address = mem_strdup(place->asked);
		error = listener_take(l, fd);
	}
	if (error != 0 && l != NULL)
		listener_free(l);
	listener_bound(s, m->number, error, 0,
	    error != 0 ? strerror(error) : place->asked);
	locate_forget(place);
	return 0;
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

int
on_bind_agent(struct session *s, struct wall_message *message)
{
	const struct msg_bind_agent *m = &message->bind_agent;
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
		listener_own_path(l, AT_FDCWD, path, path);
		error = listener_take(l, fd);
	}
	if (error != 0 && l != NULL)
		listener_free(l);
	listener_bound(
	    s, m->number, error, 0, error != 0 ? strerror(error) : path);
	free(path);
	return 0;
}
