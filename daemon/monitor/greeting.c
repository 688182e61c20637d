/*
 * What a terminal is shown before its shell: last login and motd, each by
 * its one owner; and nologin.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
#include "lib/audit.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/errand.h"
#include "privsep/records.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_FILE_MAX 16384

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

/*
 * Only whether it is there; looked for as the user, in a child: homes lie on
 * file servers, which may be dead, or know no root.
 */
static bool
hushed(struct monitor *m)
{
	char *path = mem_printf("%s/.hushlogin", m->passwd.pw_dir);
	uint32_t seconds = m->template->config->deadlines.files;
	struct errand_as as = {
	    .uid = m->passwd.pw_uid, .gid = m->passwd.pw_gid};
	uint64_t began = loop_clock();
	pid_t pid;
	int found;

	as.groups = auth_groups(m, &as.group_count);
	monitor_call(m, CALL_FILES, path);
	found = errand_look(&as, path, seconds * 1000, &pid);
	monitor_call_done(m);
	if (found == SALLYPORT_TIMEOUT)
		AUDIT(call_deadline, .call = slot_call_text(CALL_FILES),
		    .component = path, .process = (uint64_t)pid,
		    .duration_ms = loop_clock() - began);
	free(path);
	return found == SALLYPORT_OK;
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
	if (s->last_login == OWNER_SERVER &&
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
