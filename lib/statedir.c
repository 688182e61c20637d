/*
 * Directories of small files that are replaced as a whole: statedir.h.
 */
#include "lib/statedir.h"

#include "lib/mem.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEING_WRITTEN ".new"

bool
statedir_name(const char *name, char out[STATEDIR_FILE_MAX])
{
	size_t n = 0, len = strlen(name);

	if (len == 0 || len > STATEDIR_NAME)
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

int
statedir_open(const char *path)
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

static bool
write_new(int directory, const void *data, size_t len)
{
	const char *at = data;
	bool good = true;
	int fd;

	(void)unlinkat(directory, BEING_WRITTEN, 0);
	fd = openat(directory, BEING_WRITTEN,
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

bool
statedir_replace(int directory, const char *file, const void *data, size_t len)
{
	int saved;

	if (write_new(directory, data, len) &&
	    renameat(directory, BEING_WRITTEN, directory, file) == 0 &&
	    fsync(directory) == 0)
		return true;
	saved = errno;
	(void)unlinkat(directory, BEING_WRITTEN, 0);
	errno = saved;
	return false;
}

bool
statedir_remove(int directory, const char *file)
{
	return (unlinkat(directory, file, 0) == 0 || errno == ENOENT) &&
	    fsync(directory) == 0;
}
