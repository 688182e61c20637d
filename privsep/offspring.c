/*
 * Children that code by others has left, found in /proc: there is no call
 * that lists them.
 */
#include "privsep/offspring.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define END_TRIES 100 /* of 5 ms */

bool
offspring_exist(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void
offspring_adopt(bool on)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0);
}

/* "4711 (name) S 4242 ...": the name may have brackets and blanks. */
static pid_t
parent_of(const char *pid)
{
	char path[64], text[512];
	const char *end;
	ssize_t n = -1;
	int fd, parent = -1;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n <= 0)
		return -1;
	text[n] = '\0';
	end = strrchr(text, ')');
	if (end == NULL || sscanf(end, ") %*c %d", &parent) != 1)
		return -1;
	return (pid_t)parent;
}

size_t
offspring_of(pid_t parent, pid_t *pids)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	if (dir == NULL)
		return 0;
	while (count < OFFSPRING_MAX && (entry = readdir(dir)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    parent_of(entry->d_name) == parent)
			pids[count++] = (pid_t)atol(entry->d_name);
	closedir(dir);
	return count;
}

void
offspring_end(pid_t child)
{
	pid_t family[OFFSPRING_MAX], more[OFFSPRING_MAX];
	const struct timespec pause = {.tv_nsec = 5000000};
	size_t count = 1, n;

	/* Stopped, one can neither fork nor end while the others are found. */
	family[0] = child;
	for (size_t i = 0; i < count; i++) {
		(void)kill(family[i], SIGSTOP);
		n = offspring_of(family[i], more);
		for (size_t k = 0; k < n && count < OFFSPRING_MAX; k++)
			family[count++] = more[k];
	}
	while (count-- > 0)
		(void)kill(family[count], SIGKILL);
	/* One that sits in a dead file server ends later, and alone. */
	for (int i = 0; i < END_TRIES && waitpid(child, NULL, WNOHANG) == 0;
	     i++)
		(void)nanosleep(&pause, NULL);
}
