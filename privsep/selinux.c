/*
 * Carrying SELinux contexts over an exec (see selinux.h).
 */
#include "privsep/selinux.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *selinux_directory = "/proc/thread-self/attr";

bool
selinux_enabled(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static int
open_attribute(enum selinux_context which, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", selinux_directory,
	    which == SELINUX_EXEC ? "exec" : "keycreate");
	return open(path, flags | O_CLOEXEC);
}

int
selinux_read(enum selinux_context which, char text[SELINUX_CONTEXT_MAX])
{
	int fd = open_attribute(which, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return E_SYSTEM;
	n = read(fd, text, SELINUX_CONTEXT_MAX);
	close(fd);
	if (n < 0)
		return E_SYSTEM;
	if (n == SELINUX_CONTEXT_MAX)
		return E_TOO_LARGE;
	text[n] = '\0'; /* the kernel's text may have its own end, too */
	return 0;
}

static int
write_attribute(enum selinux_context which, const char *text, size_t len)
{
	int fd = open_attribute(which, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return E_SYSTEM;
	n = write(fd, text, len);
	close(fd);
	return n == (ssize_t)len ? 0 : E_SYSTEM;
}

int
selinux_write(enum selinux_context which, const char *text)
{
	if (text[0] == '\0')
		return 0;
	/* With its end, as libselinux writes it. */
	return write_attribute(which, text, strlen(text) + 1);
}

int
selinux_clear_exec(void)
{
	return write_attribute(SELINUX_EXEC, "", 0);
}
