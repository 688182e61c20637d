/*
 * The socket of a running server whose configuration cannot be read any more:
 * each process of root's with the master's title is asked, at the socket it
 * listens on, which configuration it serves.
 */
#include "daemon/ctl/client.h"

#include "lib/mem.h"

#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_master(const char *pid)
{
	char path[64], title[64] = "";
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s", pid);
	if (stat(path, &st) != 0 || st.st_uid != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	if (fgets(title, sizeof(title), f) == NULL)
		title[0] = '\0';
	fclose(f);
	return strcmp(title, "sallyportd: master") == 0;
}

/* Does one of its descriptors have this inode? */
static bool
has_socket(const char *pid, unsigned long inode)
{
	char path[PATH_MAX], want[48], at[64];
	struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *d;

	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	if ((d = opendir(path)) == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL) {
		snprintf(
		    path, sizeof(path), "/proc/%.16s/fd/%s", pid, e->d_name);
		n = readlink(path, at, sizeof(at) - 1);
		if (n > 0) {
			at[n] = '\0';
			found = strcmp(at, want) == 0;
		}
	}
	closedir(d);
	return found;
}

/* Does who listens there serve our configuration file? */
static bool
serves_ours(const struct ctl *ctl, const char *path)
{
	const char *words[] = {"status"};
	struct ctl quiet = *ctl;
	struct records answer = {0};
	char *ours = realpath(ctl->config_file, NULL), *theirs = NULL;
	bool same = false;

	quiet.socket = path;
	if (client_ask(&quiet, words, 1, &answer, NULL) == CTL_OK &&
	    answer.count == 1)
		theirs = realpath(record_get(&answer.items[0], "config"), NULL);
	same = ours != NULL && theirs != NULL && strcmp(ours, theirs) == 0;
	free(ours);
	free(theirs);
	records_free(&answer);
	return same;
}

/* Lines of /proc/net/unix: number, count, protocol, flags (0x10000: listens),
 * type, state, inode, path. */
static char *
socket_of(const struct ctl *ctl, const char *pid)
{
	char line[512], path[256];
	unsigned long flags, type, inode;
	char *found = NULL;
	FILE *f = fopen("/proc/net/unix", "re");

	while (
	    f != NULL && found == NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %*s %*s %lx %lx %*s %lu %255[^\n]",
			&flags, &type, &inode, path) == 4 &&
		    (flags & 0x10000) != 0 && type == 1 && path[0] == '/' &&
		    has_socket(pid, inode) && serves_ours(ctl, path))
			found = mem_strdup(path);
	if (f != NULL)
		fclose(f);
	return found;
}

char *
find_socket(const struct ctl *ctl)
{
	struct dirent *e;
	char *found = NULL;
	DIR *d = opendir("/proc");

	while (d != NULL && found == NULL && (e = readdir(d)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]) &&
		    is_master(e->d_name))
			found = socket_of(ctl, e->d_name);
	if (d != NULL)
		closedir(d);
	return found;
}
