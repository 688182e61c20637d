/*
 * Processes that a module leaves when its call returns.  None of them gets
 * the sockets by which the connection is decided, and what is left before the
 * session opens is told and ended with the connection.  What open_session()
 * starts is the session's: its close_session() ends it.
 */
#include "daemon/monitor/auth.h"
#include "daemon/monitor/selftest.h"

#include "lib/log.h"
#include "privsep/offspring.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static struct monitor *watched;
static pid_t watched_pid;

static bool
before_session(enum host_stage stage)
{
	return stage == STAGE_BEGIN || stage == STAGE_AUTHENTICATE ||
	    stage == STAGE_ACCOUNT || stage == STAGE_CHANGE;
}

static void
close_socket(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

/*
 * In a child that a module has forked: exec would close these, and not all
 * children exec.  Our own children are made without libc's fork().
 */
static void
in_child(void)
{
	const struct monitor *m = watched;
	int fds[11];

	if (m == NULL || m->auth == NULL || getppid() != watched_pid ||
	    m->auth->login.stage == STAGE_NONE)
		return;
	fds[0] = m->worker.fd;
	fds[1] = m->keyholder.fd;
	fds[2] = m->session.fd;
	fds[3] = m->client_fd;
	fds[4] = m->signals;
	fds[5] = m->template->door;
	fds[6] = m->auth->ticket.context.wall.fd;
	fds[7] = m->gss != NULL ? m->gss->ticket.wall.fd : -1;
	fds[8] = m->template->judges;
	fds[9] = selftest_fd(m);
	fds[10] = m->judge_fd;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close_socket(fds[i]);
	for (size_t i = 0; i < m->template->n_modules; i++)
		close_socket(m->template->modules[i].door);
	/* A monitor that is killed for a hanging call cannot end it. */
	if (before_session(m->auth->login.stage))
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

void
host_children_watch(struct monitor *m)
{
	if (watched == NULL && pthread_atfork(NULL, NULL, in_child) != 0)
		log_error("pthread_atfork: no room");
	watched = m;
	watched_pid = getpid();
	offspring_adopt(true);
}

static bool
is_known(const struct auth *a, pid_t pid)
{
	for (size_t i = 0; i < a->left_count; i++)
		if (a->left[i] == pid)
			return true;
	return false;
}

void
host_children_look(struct monitor *m)
{
	struct auth *a = m->auth;
	pid_t pids[OFFSPRING_MAX];
	size_t n;

	if (!before_session(a->login.stage) || !offspring_exist())
		return;
	n = offspring_of(getpid(), pids);
	for (size_t i = 0; i < n; i++) {
		if (is_known(a, pids[i]) ||
		    waitpid(pids[i], NULL, WNOHANG) == pids[i])
			continue;
		log_warn("module %s: %s has left process %d behind; it ends "
			 "with the connection",
		    m->template->modules[a->current].settings->name,
		    host_stage_name(a->login.stage), (int)pids[i]);
		if (a->left_count < AUTH_LEFT_MAX)
			a->left[a->left_count++] = pids[i];
		else
			offspring_end(pids[i]);
	}
}

void
host_children_session(void)
{
	/* Programs of the user that go into the background are not ours. */
	offspring_adopt(false);
}

void
host_children_end(struct monitor *m)
{
	struct auth *a = m->auth;
	siginfo_t info;

	for (size_t i = 0; i < a->left_count; i++)
		if (waitid(P_PID, (id_t)a->left[i], &info,
			WEXITED | WNOHANG | WNOWAIT) == 0)
			offspring_end(a->left[i]);
	a->left_count = 0;
}
