/*
 * Would a start take a file that the configuration names: for config_check().
 */
#include "config/check_file.h"

#include "lib/safefile.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

bool
check_safe_file(const char *path, unsigned flags, char *why)
{
	struct safefile_rules rules = {
	    .owner = geteuid(), .flags = flags | SAFEFILE_FOLLOW};
	int fd;

	/* Else a directory on the way may be blamed for what is not there. */
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		snprintf(why, SAFEFILE_WHY_MAX, "no such file");
		return false;
	}
	if (safefile_open(path, &rules, &fd, why) != 0)
		return false;
	close(fd);
	return true;
}
