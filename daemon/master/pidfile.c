/*
 * The pid file: locked for as long as the server runs, so that of two servers
 * with one file the second is refused.  The lock belongs to the open file: it
 * is kept over a reload, and ends with the process however that ends.
 */
#include "daemon/master/master.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that its owner removes in between is opened anew. */
#define TRIES 5

/* The process number in the file; 0 if none has been written yet. */
static pid_t
named_in(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return atoi(text);
}

static bool
is_at(int fd, const char *path)
{
	struct stat file, there;

	return fstat(fd, &file) == 0 && lstat(path, &there) == 0 &&
	    S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
	    file.st_dev == there.st_dev && file.st_ino == there.st_ino;
}

static int
open_locked(const char *path, pid_t *holder)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	*holder = 0;
	for (int i = 0; i < TRIES; i++) {
		int saved,
		    fd = open(path,
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0644);

		if (fd < 0)
			return -1;
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0 && is_at(fd, path))
			return fd;
		saved = errno;
		if (saved == EAGAIN || saved == EACCES)
			*holder = named_in(fd);
		close(fd);
		errno = saved;
		if (saved == EAGAIN || saved == EACCES)
			return -1;
	}
	errno = EPERM;
	return -1;
}

static void
let_go(struct master *m)
{
	if (m->pid_fd >= 0)
		close(m->pid_fd);
	m->pid_fd = -1;
	free(m->pid_path);
	m->pid_path = NULL;
}

char *
pidfile_claim(struct master *m, const char *path)
{
	pid_t holder;
	int fd;

	if (path == NULL ||
	    (m->pid_fd >= 0 && strcmp(path, m->pid_path) == 0 &&
		is_at(m->pid_fd, path)))
		return NULL;
	fd = open_locked(path, &holder);
	if (fd < 0 && (errno == EAGAIN || errno == EACCES) && holder != 0)
		return mem_printf("pid_file: %s is locked by another server, "
				  "process %d, which runs",
		    path, (int)holder);
	if (fd < 0 && (errno == EAGAIN || errno == EACCES))
		return mem_printf("pid_file: %s is locked by another server "
				  "that is starting",
		    path);
	if (fd < 0)
		return mem_printf("pid_file: %s: %s", path, strerror(errno));
	pidfile_remove(m);
	m->pid_fd = fd;
	m->pid_path = mem_strdup(path);
	return NULL;
}

void
pidfile_write(struct master *m, const char *path)
{
	char *wrong = pidfile_claim(m, path);

	if (path == NULL)
		pidfile_remove(m);
	if (wrong != NULL)
		log_error("%s", wrong);
	else if (m->pid_fd >= 0 &&
	    (ftruncate(m->pid_fd, 0) != 0 ||
		lseek(m->pid_fd, 0, SEEK_SET) != 0 ||
		dprintf(m->pid_fd, "%d\n", (int)getpid()) < 0))
		log_error("%s: %s", m->pid_path, strerror(errno));
	free(wrong);
}

void
pidfile_remove(struct master *m)
{
	if (m->pid_fd >= 0 && is_at(m->pid_fd, m->pid_path))
		(void)unlink(m->pid_path);
	let_go(m);
}
