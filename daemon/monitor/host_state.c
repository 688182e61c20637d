/*
 * Small files that a module keeps between connections: the counter of a
 * token, when somebody was here last.  They lie in a directory of the module's
 * (its name in the configuration), which is root's alone; they are replaced as
 * a whole; and from the first read to the end of the call no other connection
 * reads or writes the module's.
 */
#include "daemon/monitor/auth.h"

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATE_MAX     (1024 * 1024)
#define STATE_NAME    100 /* bytes of a name */
#define STATE_LOCK_MS 5000
#define STATE_NEW     ".new" /* the one that is being written */

static const char *root = LOCALSTATEDIR "/lib/sallyport/modules";

void
host_state_root(const char *directory)
{
	root = directory;
}

/* "a/b" as "a%2Fb": one name, none of ours, which begin with a dot. */
static bool
file_name(const char *name, char out[3 * STATE_NAME + 1])
{
	size_t n = 0, len = strlen(name);

	if (len == 0 || len > STATE_NAME)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c > ' ' && c < 0x7f && c != '/' && c != '%' &&
		    (c != '.' || i > 0))
			out[n++] = (char)c;
		else
			n += (size_t)sprintf(&out[n], "%%%02X", c);
	}
	out[n] = '\0';
	return true;
}

/* Make what is missing of it; -1 unless it is ours alone. */
static int
open_directory(const char *path)
{
	char *part = mem_strdup(path);
	struct stat st;
	int fd;

	for (char *slash = strchr(&part[1], '/'); slash != NULL;
	     slash = strchr(&slash[1], '/')) {
		*slash = '\0';
		(void)mkdir(part, 0755);
		*slash = '/';
	}
	free(part);
	(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 &&
	    (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
		(st.st_mode & 022) != 0)) {
		close(fd);
		errno = EPERM;
		fd = -1;
	}
	return fd;
}

static int
take_lock(int directory)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	uint64_t until = loop_clock() + STATE_LOCK_MS;
	int fd = openat(directory, ".lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK && loop_clock() < until) {
			(void)nanosleep(&pause, NULL);
			continue;
		}
		close(fd);
		return errno == EWOULDBLOCK ? SALLYPORT_TIMEOUT :
					      SALLYPORT_SYSTEM;
	}
	return fd < 0 ? SALLYPORT_SYSTEM : fd;
}

/* The module's directory, with its lock. */
static int
enter(struct monitor *m)
{
	struct auth *a = m->auth;
	const char *name = m->template->modules[a->current].settings->name;
	char *path;
	int lock;

	if (a->state_held)
		return SALLYPORT_OK;
	path = mem_printf("%s/%s", root, name);
	a->state_directory = open_directory(path);
	if (a->state_directory < 0)
		log_error("module %s: %s: %s", name, path, strerror(errno));
	free(path);
	if (a->state_directory < 0)
		return SALLYPORT_SYSTEM;
	if ((lock = take_lock(a->state_directory)) < 0) {
		close(a->state_directory);
		return lock;
	}
	a->state_lock = lock;
	a->state_held = true;
	return SALLYPORT_OK;
}

void
host_state_release(struct monitor *m)
{
	struct auth *a = m->auth;

	if (!a->state_held)
		return;
	/* Explicitly: a child of the module's may share it. */
	(void)flock(a->state_lock, LOCK_UN);
	close(a->state_lock);
	close(a->state_directory);
	a->state_held = false;
}

int
state_read(
    struct sallyport_login *login, const char *name, void **data, size_t *len)
{
	struct monitor *m = login->program;
	char file[3 * STATE_NAME + 1], *bytes;
	struct stat st;
	ssize_t n;
	int fd, err;

	if (!file_name(name, file))
		return SALLYPORT_TOO_LARGE;
	if ((err = enter(m)) != SALLYPORT_OK)
		return err;
	fd = openat(m->auth->state_directory, file,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? SALLYPORT_NOT_FOUND : SALLYPORT_SYSTEM;
	err = SALLYPORT_SYSTEM;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		err =
		    st.st_size > STATE_MAX ? SALLYPORT_TOO_LARGE : SALLYPORT_OK;
	}
	if (err == SALLYPORT_OK) {
		bytes = mem_alloc((size_t)st.st_size + 1);
		n = read(fd, bytes, (size_t)st.st_size);
		if (n == st.st_size) {
			bytes[n] = '\0';
			*data = bytes;
			*len = (size_t)n;
		} else {
			free(bytes);
			err = SALLYPORT_SYSTEM;
		}
	}
	close(fd);
	return err;
}

static bool
write_new(int directory, const void *data, size_t len)
{
	const char *at = data;
	bool good = true;
	int fd;

	(void)unlinkat(directory, STATE_NEW, 0);
	fd = openat(directory, STATE_NEW,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	while (good && len > 0) {
		ssize_t n = write(fd, at, len);

		good = n > 0 || (n < 0 && errno == EINTR);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	good = good && fsync(fd) == 0;
	close(fd);
	return good;
}

int
state_write(struct sallyport_login *login, const char *name, const void *data,
    size_t len)
{
	struct monitor *m = login->program;
	char file[3 * STATE_NAME + 1];
	int directory, err;

	if (!file_name(name, file) || len > STATE_MAX)
		return SALLYPORT_TOO_LARGE;
	if ((err = enter(m)) != SALLYPORT_OK)
		return err;
	directory = m->auth->state_directory;
	if (data == NULL) {
		if (unlinkat(directory, file, 0) == 0)
			return SALLYPORT_OK;
		return errno == ENOENT ? SALLYPORT_NOT_FOUND : SALLYPORT_SYSTEM;
	}
	if (write_new(directory, data, len) &&
	    renameat(directory, STATE_NEW, directory, file) == 0 &&
	    fsync(directory) == 0)
		return SALLYPORT_OK;
	log_error("module %s: its state %s: %s",
	    m->template->modules[m->auth->current].settings->name, file,
	    strerror(errno));
	(void)unlinkat(directory, STATE_NEW, 0);
	return SALLYPORT_SYSTEM;
}
