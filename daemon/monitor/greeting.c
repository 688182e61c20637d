/*
 * Texts shown on a terminal before its shell: last login and motd, each by its
 * one owner; and nologin.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
#include "daemon/monitor/files.h"
#include "lib/mem.h"
#include "privsep/records.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_FILE_MAX 65536

/* A small text of root's, or NULL. */
static char *
read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		text = mem_zalloc(TEXT_FILE_MAX + 1);
		n = read(fd, text, TEXT_FILE_MAX);
		text[n > 0 ? n : 0] = '\0';
	}
	close(fd);
	return text;
}

char *
nologin_text(struct monitor *m)
{
	const struct record_settings *s = &m->template->config->records;
	char *text;

	if (s->nologin != OWNER_SERVER || m->passwd.pw_uid == 0)
		return NULL;
	text = read_text("/etc/nologin");
	return text != NULL ? text : read_text("/var/run/nologin");
}

static bool
hushed(struct monitor *m)
{
	char *path = mem_printf("%s/.hushlogin", m->passwd.pw_dir);
	bool there = files_ask(m, ERRAND_IS_THERE, path) == SALLYPORT_OK;

	free(path);
	return there;
}

char *
greeting_text(struct monitor *m)
{
	const struct record_settings *s = &m->template->config->records;
	const char *modules = auth_session_text(m);
	char *motd = NULL, *text, line[512] = "", host[257];
	time_t when;

	if (hushed(m))
		return mem_strdup("");
	/* pam_lastlog2, in Debian 13's common-session, tells of it as well. */
	if (s->last_login == OWNER_SERVER &&
	    (modules == NULL || strstr(modules, "Last login: ") == NULL) &&
	    record_last_login(m->passwd.pw_uid, &when, host, sizeof(host))) {
		char stamp[64];
		struct tm tm;

		localtime_r(&when, &tm);
		strftime(stamp, sizeof(stamp), "%a %b %e %H:%M:%S %Y", &tm);
		snprintf(line, sizeof(line), "Last login: %s%s%s\r\n", stamp,
		    host[0] != '\0' ? " from " : "", host);
	}
	if (s->motd == OWNER_SERVER)
		motd = read_text("/etc/motd");
	text = mem_printf("%s%s%s", modules == NULL ? "" : modules,
	    motd == NULL ? "" : motd, line);
	free(motd);
	return text;
}
