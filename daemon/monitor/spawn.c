/*
 * The session process: opened with the modules' session, exec'd, and given
 * to the worker.  Before and after, the monitor's own limits, umask, groups
 * and directory are its own again.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
#include "daemon/monitor/selftest.h"
#include "daemon/sftp/sftp.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/die.h"
#include "privsep/path_tokens.h"
#include "privsep/selinux.h"
#include "privsep/session_exec.h"
#include "privsep/spawn.h"

#include <sys/prctl.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Contexts that pam_selinux has set for the user's program. */
static int
carry_contexts(struct msg_begin *b, char *exec_context, char *key_context)
{
	exec_context[0] = key_context[0] = '\0';
	b->exec_context = exec_context;
	b->key_context = key_context;
	if (!selinux_enabled())
		return 0;
	if (selinux_read(SELINUX_EXEC, exec_context) != 0 ||
	    selinux_read(SELINUX_KEYCREATE, key_context) != 0) {
		log_error("the SELinux contexts of the session cannot be read");
		return E_SYSTEM;
	}
	return 0;
}

static void
fill_sftp(struct monitor *m, struct msg_begin *b, char *start)
{
	const struct grants *g = &m->decision->grants;

	b->sftp_no_names = g->chroot != NULL;
	b->sftp_read_only = g->sftp_read_only;
	b->sftp_digest = m->template->config->audit.file_digest;
	b->sftp_start = start;
	b->sftp_sets_umask = g->sftp_umask != CONFIG_NONE;
	if (b->sftp_sets_umask)
		b->sftp_umask = g->sftp_umask;
	if (m->client_version.data != NULL)
		b->sftp_draft_symlink = sftp_peer_swaps_symlink(
		    (const char *)m->client_version.data,
		    settings_software(m->template->config));
}

/*
 * The first order: it lies in the wall before the process exists.  Limits,
 * groups, umask, namespaces and keyrings need no order: they are inherited.
 */
static int
send_begin(struct monitor *m, bool *selinux)
{
	const struct grants *g = &m->decision->grants;
	char exec_context[SELINUX_CONTEXT_MAX],
	    key_context[SELINUX_CONTEXT_MAX];
	char *chroot = NULL, *start = NULL;
	struct wall_message order = {
	    .type = MSG_begin, .fds = {-1, -1, -1, -1}};
	struct msg_begin *b = &order.begin;
	int err = E_TOO_LARGE;

	b->log_level = (uint8_t)(log_level() + 1);
	b->zone = getenv("TZ");
	b->user = m->passwd.pw_name;
	b->home = m->passwd.pw_dir;
	b->shell = m->passwd.pw_shell;
	b->uid = m->passwd.pw_uid;
	b->gid = m->passwd.pw_gid;
	b->xauth = m->template->config->xauth;
	b->oom_score = "0";
	b->keep_capabilities = prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 1;
	if (g->chroot != NULL &&
	    (chroot = path_tokens_expand(g->chroot, &m->passwd)) == NULL)
		goto out;
	if (g->sftp_start != NULL &&
	    (start = path_tokens_expand(g->sftp_start, &m->passwd)) == NULL)
		goto out;
	b->chroot = chroot;
	b->hang_up_all = g->hang_up == HANG_UP_ALL;
	b->reset_input = g->reset_input;
	fill_sftp(m, b, start);
	if ((err = carry_contexts(b, exec_context, key_context)) != 0)
		goto out;
	*selinux = exec_context[0] != '\0';
	err = wall_send(&m->session, &order);
out:
	if (err != 0)
		log_error("the session's first order: %s", err_text(err));
	free(chroot);
	free(start);
	return err;
}

static void
close_pair(const int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* It looks at each part of the chroot's path as root. */
static int
count_chroot(struct monitor *m)
{
	struct sessions *s = m->sessions;
	const char *path = m->decision->grants.chroot;
	int64_t ms = m->template->config->deadlines.files * 1000LL;
	bool counted;

	s->place.index = -1;
	if (path == NULL)
		return 0;
	monitor_call(m, CALL_FILES, path);
	counted =
	    leftovers_enter(m->passwd.pw_uid, LEFTOVERS_AT_ONCE, ms, &s->place);
	monitor_call_done(m);
	if (!counted) {
		log_warn("processes that look at files of %s still wait",
		    m->passwd.pw_name);
		return E_LIMIT;
	}
	s->ready_by = loop_clock() + (uint64_t)ms;
	return 0;
}

static int
start_session(struct monitor *m)
{
	int ours[2] = {-1, -1}, theirs[2] = {-1, -1}, err = E_SYSTEM;
	struct wall_message give = {
	    .type = MSG_session_wall, .fds = {-1, -1, -1, -1}};
	bool selinux = false;
	pid_t pid;

	if ((err = count_chroot(m)) != 0)
		return err;
	err = E_SYSTEM;
	/* The user may stop this process: nothing here waits for it. */
	if (wall_pair(ours) != 0 || wall_pair(theirs) != 0 ||
	    fd_set_nonblocking(ours[0]) != 0) {
		log_error("the session's sockets: %s", strerror(errno));
		goto failed;
	}
	m->session.fd = ours[0];
	if ((err = send_begin(m, &selinux)) != 0)
		goto failed;
	if ((err = session_exec(
		 SPAWN_SESSION, ours[1], theirs[1], selinux, &pid)) != 0) {
		log_error("the session's program: %s", strerror(errno));
		goto failed;
	}
	m->sessions->pid = pid;
	leftovers_child(&m->sessions->place, pid);
	close(ours[1]);
	close(theirs[1]);
	give.fds[0] = theirs[0];
	monitor_send(m, &give);
	close(theirs[0]);
	return 0;
failed:
	leftovers_leave(&m->sessions->place);
	m->sessions->ready_by = 0;
	m->session.fd = -1;
	close_pair(ours);
	close_pair(theirs);
	return err;
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

/* The modules' own texts if they had any, as sshd shows them. */
static void
refuse_session(struct monitor *m, uint32_t channel, const char *reason)
{
	struct chan *c = chan_find(m, channel);
	const char *said = auth_session_text(m);

	if (c == NULL || c->kind != CHAN_SESSION)
		chan_refuse(
		    m, channel, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, reason);
	else
		chan_cancel(
		    m, c, STATUS_NO_SESSION, said[0] != '\0' ? said : reason);
	sessions_over(m, reason);
}

int
monitor_session(struct monitor *m, uint32_t channel, const char *tty)
{
	const char *text = "";
	uint64_t began = loop_clock();
	int err;

	if (m->sessions->over[0] != '\0') {
		refuse_session(m, channel, m->sessions->over);
		return E_DENIED;
	}
	if (m->sessions->pid > 0 && m->session.fd >= 0)
		return 0;
	if (m->sessions->pid != 0) {
		refuse_session(m, channel, "the session has ended");
		return E_DENIED;
	}
	/* The umask among them: what a session's files are made with. */
	own_restore(&m->auth->own);
	err = auth_open_session(m, tty, &text);
	if (err == 0) {
		expose(m);
		err = start_session(m);
	}
	own_restore(&m->auth->own);
	if (setgroups(0, NULL) != 0)
		die_errno("setgroups");
	slot_took(m->slot, TIME_SESSION, loop_clock() - began);
	if (err != 0)
		selftest_tell(m, "session_failed", NULL, text, 0);
	if (err == 0)
		return 0;
	if (text == NULL || text[0] == '\0')
		text = "the session could not be opened";
	refuse_session(m, channel, text);
	return E_DENIED;
}
