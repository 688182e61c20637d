/*
 * Loads the libraries that nsswitch.conf names once, in the template, instead
 * of in every monitor.  They are not called here, as a directory server that
 * does not answer must not hold up the start; libc finds the library already
 * loaded at its first look-up.
 */
#include "daemon/monitor/monitor.h"

#include "lib/log.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define NSSWITCH  "/etc/nsswitch.conf"
#define NAME_SPAN "abcdefghijklmnopqrstuvwxyz0123456789_"

/* Databases that a login looks into. */
static bool
is_ours(const char *line)
{
	static const char *const names[] = {
	    "passwd:", "group:", "shadow:", "initgroups:"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void
load_service(const char *name, size_t len)
{
	char file[64];

	if (len > 32 || strncmp(name, "files", len) == 0)
		return;
	snprintf(file, sizeof(file), "libnss_%.*s.so.2", (int)len, name);
	if (dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == NULL)
		log_debug("%s", dlerror());
}

/* "passwd: files [NOTFOUND=continue] sss # systemd" */
static void
load_services(char *line)
{
	char *at = strchr(line, ':') + 1;

	at[strcspn(at, "#\n")] = '\0';
	while (*at != '\0') {
		size_t len = strspn(at, NAME_SPAN);

		if (len != 0)
			load_service(at, len);
		else if (*at == '[')
			len = strcspn(at, "]");
		at += len == 0 || at[len] == ']' ? len + 1 : len;
	}
}

void
monitors_preload(void)
{
	FILE *f = fopen(NSSWITCH, "re");
	char line[512];

	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		char *at = line + strspn(line, " \t");

		if (is_ours(at))
			load_services(at);
	}
	fclose(f);
}
