/*
 * The session process: root for its first steps, then the user for good.
 * It takes orders from the monitor and passes descriptors to the worker; it
 * trusts both, and is itself trusted with nothing that is not its user's.
 */
#include "daemon/session/inside.h"

#include "lib/err.h"
#include "lib/log.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/spawn.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FINISH_SECONDS 5 /* when nobody is left to say */

/* ---- becoming the user ----------------------------------------------------
 */

/* The walls at 3 and 4, /dev/null below, and nothing else. */
static void
keep_walls_only(struct session_start *start)
{
	int monitor = fcntl(start->monitor, F_DUPFD_CLOEXEC, 10);
	int worker = fcntl(start->worker, F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (monitor < 0 || worker < 0 || null < 0)
		die_errno("session: descriptors");
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(spawn_report_fd(2, null), 2) < 0)
		die_errno("session: dup2");
	if (dup3(monitor, 3, O_CLOEXEC) < 0 || dup3(worker, 4, O_CLOEXEC) < 0)
		die_errno("session: dup3");
	if (close_range(5, ~0u, 0) != 0)
		die_errno("session: close_range");
	start->monitor = 3;
	start->worker = 4;
}

static void
on_log(int level, const char *line, void *arg)
{
	struct session *s = arg;

	(void)WALL_SEND(
	    &s->monitor, session_log, .level = (uint8_t)level, .line = line);
}

/* Lines go to the monitor, whatever sinks the parent had. */
static void
log_to_monitor(struct session *s)
{
	log_use_stderr(false);
	log_use_syslog(false);
	log_use_fd(-1);
	log_set_callback(on_log, s);
}

/* What a log line of ours may say at most: the wall's limit. */
static void
become_user(struct session *s)
{
	const struct session_start *start = s->start;
	char bad[512];
	int err;

	if (start->chroot != NULL && start->chroot[0] != '\0') {
		err = chroot_enter(start->chroot, bad, sizeof(bad));
		if (err != 0)
			die("chroot to %s: %s: %s", start->chroot, bad,
			    err == E_SYSTEM ? strerror(errno) : err_text(err));
		s->in_chroot = true;
	}
	drop_to_user(start->uid, start->gid);
	/* Set again on every change of ids, so only now for good. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		die_errno("session: prctl");
}

/* Everything comes through the loop: no signal runs code of ours. */
static void
catch_children(struct session *s)
{
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGTERM);
	for (int n = 1; n < NSIG; n++)
		if (n != SIGKILL && n != SIGSTOP && n != SIGCHLD)
			signal(n, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_SETMASK, &set, NULL) != 0)
		die_errno("session: sigprocmask");
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		die_errno("session: signalfd");
}

/* ---- the end ----------------------------------------------------------------
 */

void
session_maybe_exit(struct session *s)
{
	if (s->finishing && LIST_EMPTY(&s->programs))
		loop_stop(s->loop);
}

static void
on_finish_timer(void *arg)
{
	struct session *s = arg;

	loop_stop(s->loop); /* who ignores a hang-up has reasons: nohup */
}

void
session_finish(struct session *s, uint32_t seconds)
{
	if (s->finishing)
		return;
	s->finishing = true;
	listen_end_all(s);
	reaches_end(s);
	programs_hang_up(s);
	loop_timer_start(s->loop, &s->finish_timer, (uint64_t)seconds * 1000,
	    on_finish_timer, s);
	session_maybe_exit(s);
}

/* ---- the loop
 * ---------------------------------------------------------------- */

static void
on_signal(int fd, unsigned events, void *arg)
{
	struct session *s = arg;
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		continue;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!program_ended(s, pid, status))
			(void)reach_child_ended(s, pid);
}

/* The monitor's order, to the letter; anything else ends this process. */
static int
obey(struct session *s, struct wall_message *m)
{
	int fd = m->fds[0];

	switch (m->type) {
	case MSG_run:
		return program_start(s, &m->run, -1);
	case MSG_run_pty: {
		const struct msg_run_pty *p = &m->run_pty;
		const struct msg_run run = {.channel = p->channel,
		    .kind = p->kind,
		    .command = p->command,
		    .title = p->title,
		    .user_rc = p->user_rc,
		    .environment = p->environment};

		return program_start(s, &run, fd);
	}
	case MSG_kill:
		program_kill(s, m->kill.channel, m->kill.signal);
		return 0;
	case MSG_reach_tcp:
		reach_tcp(s, &m->reach_tcp);
		return 0;
	case MSG_reach_unix:
		reach_unix(s, &m->reach_unix);
		return 0;
	case MSG_bind_tcp:
		listen_tcp(s, &m->bind_tcp);
		return 0;
	case MSG_bind_unix:
		listen_unix(s, &m->bind_unix);
		return 0;
	case MSG_bind_agent:
		listen_agent(s, &m->bind_agent);
		return 0;
	case MSG_bind_x11:
		listen_x11(s, &m->bind_x11);
		return 0;
	case MSG_unbind:
		listen_end(s, m->unbind.number);
		return 0;
	case MSG_hand_over:
		return WALL_SEND_FD(
		    &s->worker, fd, stream, .channel = m->hand_over.channel);
	case MSG_finish:
		session_finish(s, m->finish.seconds);
		return 0;
	default:
		return E_STATE;
	}
}

static void
on_monitor(int fd, unsigned events, void *arg)
{
	struct session *s = arg;
	struct wall_message m;
	int err = wall_receive(&s->monitor, &m);

	(void)fd;
	(void)events;
	if (err == E_AGAIN)
		return;
	if (err == 0 && (err = obey(s, &m)) == E_CLOSED)
		err = 0; /* the worker is gone: seen below */
	wall_done(&s->monitor, &m);
	if (err == 0)
		return;
	loop_fd_remove(&s->monitor_handle);
	s->exit_status = err == E_CLOSED ? 0 : 1;
	session_finish(s, FINISH_SECONDS);
}

static void
on_worker_gone(int fd, unsigned events, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)events;
	loop_fd_remove(&s->worker_handle);
	session_finish(s, FINISH_SECONDS);
}

static void
watch(struct session *s)
{
	s->loop = loop_new();
	if (s->loop == NULL ||
	    loop_fd_add(s->loop, &s->monitor_handle, s->monitor.fd, LOOP_READ,
		on_monitor, s) != 0 ||
	    loop_fd_add(s->loop, &s->worker_handle, s->worker.fd, LOOP_HANGUP,
		on_worker_gone, s) != 0 ||
	    loop_fd_add(s->loop, &s->signal_handle, s->signal_fd, LOOP_READ,
		on_signal, s) != 0)
		die_errno("session: loop");
}

void
session_run(const struct session_start *start)
{
	static struct session s;
	struct session_start mine = *start;

	/* A log file of the monitor's has a number that will be a wall's. */
	log_use_fd(-1);
	keep_walls_only(&mine);
	s.start = &mine;
	wall_init(&s.monitor, mine.monitor, PATH_SESSION_MONITOR,
	    PATH_MONITOR_SESSION);
	wall_init(
	    &s.worker, mine.worker, PATH_SESSION_WORKER, PATH_SESSION_WORKER);
	log_to_monitor(&s);
	become_user(&s);
	catch_children(&s);
	title_set("session: %s", mine.user);
	umask(077);
	if (chdir("/") != 0)
		die_errno("session: /");
	watch(&s);
	if (WALL_SEND(&s.monitor, session_ready) != 0)
		die("session: the monitor is gone");
	if (loop_run(s.loop) != 0)
		s.exit_status = 1;
	listen_end_all(&s);
	_exit(s.exit_status); /* what the monitor registered is not ours */
}
