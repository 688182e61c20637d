/*
 * Sockets that root alone may open, at paths that nobody else can change:
 * the control socket's, and the one beside it where sessions that outlived
 * their server wait for the next (keeper.c).
 */
#include "daemon/master/control.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 16

/* Root's, and nobody else can put another in its place: all the way up. */
int
control_check_directories(const char *path)
{
	char *part = mem_strdup(path), *slash;
	struct stat st;
	int err = 0;
	bool parent = true;

	while (err == 0 && (slash = strrchr(part, '/')) != NULL) {
		slash[slash == part ? 1 : 0] = '\0';
		if (stat(part, &st) != 0) {
			log_error("%s: %s", part, strerror(errno));
			err = E_SYSTEM;
		} else if (st.st_uid != 0 ||
		    ((st.st_mode & 022) != 0 &&
			(parent || (st.st_mode & S_ISVTX) == 0))) {
			log_error("control_socket: bad ownership or modes for "
				  "directory %s",
			    part);
			err = E_PERMISSIONS;
		}
		parent = false;
		if (slash == part)
			break;
	}
	free(part);
	return err;
}

static int
make_directory(const char *path)
{
	char *directory =
	    mem_strndup(path, (size_t)(strrchr(path, '/') - path));
	int err = 0;

	if (*directory != '\0' && mkdir(directory, 0755) != 0 &&
	    errno != EEXIST) {
		log_error("%s: %s", directory, strerror(errno));
		err = E_SYSTEM;
	}
	free(directory);
	return err;
}

pid_t
control_server(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ucred who = {.pid = 0};
	socklen_t len = sizeof(who);
	int fd;

	if (path == NULL || strlen(path) >= sizeof(un.sun_path))
		return 0;
	memcpy(un.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		who.pid = 0;
	close(fd);
	return who.pid;
}

/* A socket on which nobody listens any more is removed. */
static int
remove_stale(const struct sockaddr_un *un)
{
	struct stat st;
	int fd, answered;

	if (lstat(un->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : E_SYSTEM;
	if (!S_ISSOCK(st.st_mode)) {
		log_error("control_socket: %s is there, and is no socket",
		    un->sun_path);
		return E_EXISTS;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_SYSTEM;
	answered = connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 ||
	    errno == EAGAIN;
	close(fd);
	if (answered) {
		log_error(
		    "control_socket: %s is another server's", un->sun_path);
		return E_EXISTS;
	}
	return unlink(un->sun_path) == 0 ? 0 : E_SYSTEM;
}

static int
bind_socket(const struct sockaddr_un *un, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0177);
	int err = fd < 0 ||
	    bind(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 ||
	    listen(fd, BACKLOG) != 0;

	umask(mask);
	if (err == 0)
		return fd;
	log_error("control_socket: %s: %s", un->sun_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int
control_bind(const char *path, int type)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(un.sun_path)) {
		log_error("control_socket: %s: the path is too long", path);
		return -1;
	}
	memcpy(un.sun_path, path, strlen(path));
	if (make_directory(path) != 0 || control_check_directories(path) != 0 ||
	    remove_stale(&un) != 0)
		return -1;
	return bind_socket(&un, type);
}
