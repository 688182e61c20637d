/*
 * The session process: opened with the modules' session, forked, and given
 * to the worker.  Before and after, the monitor's own limits, umask, groups
 * and directory are its own again.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
#include "daemon/session/session.h"
#include "daemon/sftp/sftp.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/die.h"
#include "privsep/spawn.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What modules change for the session and the monitor takes back. */
struct own {
	struct rlimit limits[RLIM_NLIMITS];
	mode_t mask;
	int directory;
};

static void
own_save(struct own *o)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &o->limits[i]) != 0)
			o->limits[i].rlim_cur = o->limits[i].rlim_max =
			    RLIM_INFINITY;
	o->mask = umask(022);
	umask(o->mask);
	o->directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void
own_restore(struct own *o)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		(void)setrlimit((__rlimit_resource_t)i, &o->limits[i]);
	umask(o->mask);
	if (o->directory >= 0) {
		if (fchdir(o->directory) != 0)
			log_debug("fchdir: %s", strerror(errno));
		close(o->directory);
	}
	if (setgroups(0, NULL) != 0)
		die_errno("setgroups");
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

char *
session_expand(const struct monitor *m, const char *pattern)
{
	struct buf out;
	char number[16], *text;

	buf_init(&out, 4096);
	for (const char *p = pattern; *p != '\0'; p++) {
		if (p[0] != '%' || p[1] == '\0') {
			buf_u8(&out, (uint8_t)*p);
			continue;
		}
		p++;
		if (*p == 'h')
			buf_bytes(
			    &out, m->passwd.pw_dir, strlen(m->passwd.pw_dir));
		else if (*p == 'u')
			buf_bytes(
			    &out, m->passwd.pw_name, strlen(m->passwd.pw_name));
		else if (*p == 'U') {
			snprintf(number, sizeof(number), "%u",
			    (unsigned)m->passwd.pw_uid);
			buf_bytes(&out, number, strlen(number));
		} else
			buf_u8(&out, (uint8_t)*p);
	}
	text = buf_end(&out) == 0 ?
	    mem_strndup((const char *)out.data, out.len) :
	    NULL;
	buf_free(&out);
	return text;
}

static bool
named_openssh(const struct monitor *m)
{
	const char *name = m->template->config->version_software;

	return name != NULL && strncmp(name, "OpenSSH", 7) == 0;
}

static void
fill(struct monitor *m, struct session_start *s, struct sftp_options *sftp)
{
	const struct grants *g = &m->decision->grants;
	sigset_t none;

	s->user = m->passwd.pw_name;
	s->home = m->passwd.pw_dir;
	s->shell = m->passwd.pw_shell;
	s->uid = m->passwd.pw_uid;
	s->gid = m->passwd.pw_gid;
	s->xauth = m->template->config->xauth;
	if (g->chroot != NULL) {
		s->chroot = session_expand(m, g->chroot);
		if (s->chroot == NULL)
			die("chroot directory: too long");
	}
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &s->limits[i]) != 0)
			die_errno("getrlimit");
	s->has_limits = true;
	s->umask = umask(022);
	umask(s->umask);
	sigemptyset(&none);
	s->mask = none;
	s->oom_score_adj = "0";
	sftp->no_names = g->chroot != NULL;
	sftp->read_only = g->sftp_read_only;
	if (g->sftp_start != NULL)
		sftp->start_directory = session_expand(m, g->sftp_start);
	if (g->sftp_umask != CONFIG_NONE) {
		sftp->set_umask = true;
		sftp->umask = g->sftp_umask;
	}
	/* To what calls itself OpenSSH, clients write as to OpenSSH. */
	if (m->client_version.data != NULL && !named_openssh(m))
		sftp->peer = (const char *)m->client_version.data;
	sftp->detail = SFTP_DETAIL_CHANGES;
	s->sftp = sftp;
}

/* In the child: the monitor's own things are closed by session_run(). */
static void __attribute__((noreturn))
become_session(struct monitor *m, int monitor_end, int worker_end)
{
	struct session_start start;
	struct sftp_options sftp;

	memset(&start, 0, sizeof(start));
	memset(&sftp, 0, sizeof(sftp));
	start.monitor = monitor_end;
	start.worker = worker_end;
	fill(m, &start, &sftp);
	audit_forget_connection();
	session_run(&start);
}

static int
fork_session(struct monitor *m)
{
	int ours[2] = {-1, -1}, theirs[2] = {-1, -1};
	struct wall_message give = {
	    .type = MSG_session_wall, .fds = {-1, -1, -1, -1}};

	if (wall_pair(ours) != 0 || wall_pair(theirs) != 0) {
		for (int i = 0; i < 2; i++) {
			close(ours[i]);
			close(theirs[i]);
		}
		return E_SYSTEM;
	}
	m->sessions->pid = fork();
	if (m->sessions->pid == 0)
		become_session(m, ours[1], theirs[1]);
	close(ours[1]);
	close(theirs[1]);
	if (m->sessions->pid < 0) {
		close(ours[0]);
		close(theirs[0]);
		return E_SYSTEM;
	}
	m->session.fd = ours[0];
	/* The user may stop this process: nothing here waits for it. */
	if (fcntl(ours[0], F_SETFL, O_NONBLOCK) < 0)
		log_error("fcntl: %s", strerror(errno));
	give.fds[0] = theirs[0];
	monitor_send(m, &give);
	close(theirs[0]);
	return 0;
}

/* SSH_USER_AUTH: a file of the user's that says how he got in. */
static void
expose(struct monitor *m)
{
	char path[] = "/tmp/sshauth.XXXXXXXXXX";
	const char *text = auth_exposed(m);
	int fd;

	if (!m->decision->grants.expose_auth)
		return;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || fchown(fd, m->passwd.pw_uid, m->passwd.pw_gid) != 0 ||
	    write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		log_error("%s: %s", path, strerror(errno));
		if (fd >= 0)
			(void)unlink(path);
	} else {
		m->sessions->exposed = mem_strdup(path);
	}
	if (fd >= 0)
		close(fd);
}

int
monitor_session(struct monitor *m, uint32_t channel, const char *tty)
{
	const char *text = "";
	uint64_t began = loop_clock();
	struct own own;
	int err;

	if (m->sessions->pid > 0 && m->session.fd >= 0)
		return 0;
	if (m->sessions->pid != 0) {
		chan_refuse(m, channel, SSH_OPEN_RESOURCE_SHORTAGE,
		    "the session has ended");
		return E_DENIED;
	}
	own_save(&own);
	err = auth_open_session(m, tty, &text);
	if (err == 0) {
		expose(m);
		err = fork_session(m);
	}
	own_restore(&own);
	slot_took(m->slot, TIME_SESSION, loop_clock() - began);
	if (err == 0)
		return 0;
	if (text == NULL || text[0] == '\0')
		text = "the session could not be opened";
	chan_refuse(m, channel, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, text);
	monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION, "%s", text);
	return E_DENIED;
}
