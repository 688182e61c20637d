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
#include "lib/statedir.h"

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
#define STATE_LOCK_MS 5000

static const char *root = LOCALSTATEDIR "/lib/sallyport/modules";

void
host_state_root(const char *directory)
{
	root = directory;
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
	a->state_directory = statedir_open(path);
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
	char file[STATEDIR_FILE_MAX], *bytes;
	struct stat st;
	ssize_t n;
	int fd, err;

	if (!statedir_name(name, file))
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

int
state_write(struct sallyport_login *login, const char *name, const void *data,
    size_t len)
{
	struct monitor *m = login->program;
	char file[STATEDIR_FILE_MAX];
	int directory, err;

	if (!statedir_name(name, file) || len > STATE_MAX)
		return SALLYPORT_TOO_LARGE;
	if ((err = enter(m)) != SALLYPORT_OK)
		return err;
	directory = m->auth->state_directory;
	if (data == NULL) {
		if (unlinkat(directory, file, 0) == 0)
			return SALLYPORT_OK;
		return errno == ENOENT ? SALLYPORT_NOT_FOUND : SALLYPORT_SYSTEM;
	}
	if (statedir_replace(directory, file, data, len))
		return SALLYPORT_OK;
	log_error("module %s: its state %s: %s",
	    m->template->modules[m->auth->current].settings->name, file,
	    strerror(errno));
	return SALLYPORT_SYSTEM;
}
