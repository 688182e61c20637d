/*
 * The session process: root for its first steps, then the user for good.
 * It is exec'd as root because a chroot must be entered after the program and
 * its libc have been loaded from the system's directories.  It takes orders
 * from the monitor and passes descriptors to the worker; it trusts both, and is
 * itself trusted with nothing that is not its user's.
 */
#include "daemon/session/inside.h"

#include "lib/err.h"
#include "lib/log.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/selinux.h"
#include "privsep/session_exec.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FINISH_SECONDS 5 /* when nobody is left to say */
#define LAST_WORDS_MS  1000 /* for what waits at the end */

/* ---- becoming the user ----------------------------------------------------
 */

/* To be killed when memory is short, unlike the server; root may lower it. */
static void
set_oom_score(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		log_info("oom_score_adj: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Sets again the attributes of the user's programs that exec has cleared. */
static void
take_back(const struct msg_begin *b)
{
	if (b->oom_score[0] != '\0')
		set_oom_score(b->oom_score);
	if (selinux_write(SELINUX_EXEC, b->exec_context) != 0 ||
	    selinux_write(SELINUX_KEYCREATE, b->key_context) != 0)
		die_errno("the SELinux context %s", b->exec_context);
	if (b->keep_capabilities && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		die_errno("PR_SET_KEEPCAPS");
}

/*
 * The monitor is told why nothing can be served, and tells the user.  Until it
 * ends the connection this process waits, as the user, and obeys nothing.
 */
static void
serve_nothing(struct session *s, const char *trouble)
{
	struct pollfd p = {.fd = s->monitor.fd, .events = POLLIN};
	char ignored[256];

	drop_to_user((uid_t)s->start->uid, (gid_t)s->start->gid);
	(void)WALL_SEND(&s->monitor, session_ready, .trouble = trouble);
	while (poll(&p, 1, -1) > 0 &&
	    recv(p.fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
		continue;
	_exit(1);
}

static void
become_user(struct session *s)
{
	const struct msg_begin *start = s->start;
	char bad[512], trouble[WALL_TEXT_MAX + 1];
	int err;

	take_back(start);
	s->links = -1;
	if (start->chroot[0] != '\0') {
		s->links = chroot_hold_links();
		err = chroot_enter(start->chroot, bad, sizeof(bad));
		if (err != 0) {
			snprintf(trouble, sizeof(trouble),
			    "%.400s (chroot): %.500s: %s", start->chroot, bad,
			    err == E_SYSTEM ? strerror(errno) : err_text(err));
			serve_nothing(s, trouble);
		}
		s->in_chroot = true;
	}
	drop_to_user((uid_t)start->uid, (gid_t)start->gid);
	drop_dumpable(); /* a change of ids resets it */
}

/*
 * alice@pts/6, with all its terminals, as sshd's; alice@notty without any.
 */
void
session_title(const struct session *s)
{
	char ttys[TITLE_MAX] = "";
	const struct program *p;
	size_t len = 0;

	LIST_FOREACH(p, &s->programs, next)
	if (p->tty[0] != '\0' && len < sizeof(ttys))
		len += (size_t)snprintf(&ttys[len], sizeof(ttys) - len, "%s%s",
		    len == 0 ? "" : ",", p->tty);
	title_set("session: %s@%s", s->start->user, len == 0 ? "notty" : ttys);
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
session_finish(struct session *s, uint32_t seconds, bool all)
{
	bool again = s->finishing;

	s->finishing = true;
	/* The worker's end may be seen before the order that says why. */
	programs_hang_up(s, all || s->start->hang_up_all);
	if (again)
		return;
	listen_end_all(s);
	lookups_end(s);
	locates_end(s);
	reaches_end(s);
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
			(void)lookup_child_ended(s, pid);
}

/* It comes before all others, and main() acts upon it. */
int
on_begin(struct session *s, struct wall_message *m)
{
	peer_keep(&s->first, m); /* to the end: its texts are used there */
	s->start = &s->first.begin;
	return 0;
}

int
on_hand_over(struct session *s, struct wall_message *m)
{
	return WALL_SEND_FD(
	    &s->worker, m->fds[0], stream, .channel = m->hand_over.channel);
}

int
on_finish(struct session *s, struct wall_message *m)
{
	session_finish(s, m->finish.seconds, m->finish.all);
	return 0;
}

static int
judge(void *arg, struct wall_message *m)
{
	const struct session *s = arg;

	return (m->type == MSG_begin) == (s->start == NULL) ? 0 : E_STATE;
}

PEER_HANDLE(MONITOR_SESSION)

static int
handle(void *arg, struct wall_message *m)
{
	int err = peer_MONITOR_SESSION(arg, m);

	return err == E_CLOSED ? 0 : err; /* the worker is gone: seen there */
}

static const struct peer from_monitor = {.handle = handle, .judge = judge};

bool
session_is_behind(const struct session *s)
{
	return wall_queue_full(&s->monitor) || wall_queue_full(&s->worker);
}

/* Each order causes messages: none is taken while too many of those wait. */
static void
pace(struct session *s)
{
	wall_queue_read(&s->monitor, !session_is_behind(s));
}

static void
on_monitor(int fd, unsigned events, void *arg)
{
	struct session *s = arg;
	int err;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		(void)wall_queue_flush(&s->monitor);
	pace(s);
	if ((events & ~(unsigned)LOOP_WRITE) == 0 ||
	    (err = peer_read(&from_monitor, &s->monitor, s)) == 0 ||
	    err == E_AGAIN)
		return;
	loop_fd_remove(&s->monitor_handle);
	s->exit_status = err == E_CLOSED ? 0 : 1;
	session_finish(s, FINISH_SECONDS, true);
}

/* The monitor has sent no order to finish: it is stopped, or stuck. */
static void
on_worker_lost(void *arg)
{
	session_finish(arg, FINISH_SECONDS, false);
}

/*
 * The worker has gone.  The monitor knows why, and sends that order after all
 * others: a program that it has ordered still starts, though its client left
 * as soon as that was promised.
 */
static void
on_worker(int fd, unsigned events, void *arg)
{
	struct session *s = arg;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		(void)wall_queue_flush(&s->worker);
	pace(s);
	if ((events & LOOP_HANGUP) == 0)
		return;
	loop_fd_remove(&s->worker_handle);
	if (s->finishing)
		return;
	programs_hang_up(s, s->start->hang_up_all);
	loop_timer_start(s->loop, &s->finish_timer, FINISH_SECONDS * 1000,
	    on_worker_lost, s);
}

static void
watch(struct session *s)
{
	s->loop = loop_new();
	if (s->loop == NULL ||
	    loop_fd_add(s->loop, &s->monitor_handle, s->monitor.fd, LOOP_READ,
		on_monitor, s) != 0 ||
	    loop_fd_add(s->loop, &s->worker_handle, s->worker.fd, LOOP_HANGUP,
		on_worker, s) != 0 ||
	    loop_fd_add(s->loop, &s->signal_handle, s->signal_fd, LOOP_READ,
		on_signal, s) != 0)
		die_errno("session: loop");
	wall_queue_watch(&s->monitor, &s->monitor_handle);
	wall_queue_watch(&s->worker, &s->worker_handle);
}

static void
on_log(int level, const char *line, void *arg)
{
	(void)WALL_SEND((struct wall *)arg, session_log,
	    .level = (uint8_t)level, .line = line);
}

static void
log_to(struct wall *monitor)
{
	log_use_stderr(false);
	log_set_callback(on_log, monitor);
}

static struct session s;

const struct msg_begin *
session_hear(int fd)
{
	int err;

	wall_init(&s.monitor, fd, PATH_SESSION_MONITOR, PATH_MONITOR_SESSION);
	log_to(&s.monitor);
	if ((err = peer_read(&from_monitor, &s.monitor, &s)) != 0)
		die("the first order: %s", err_text(err));
	return s.start;
}

void
session_run(void)
{
	wall_init(&s.worker, SESSION_WORKER_FD, PATH_SESSION_WORKER,
	    PATH_SESSION_WORKER);
	become_user(&s);
	catch_children(&s);
	s.umask = umask(077);
	session_title(&s);
	if (chdir("/") != 0)
		die_errno("session: /");
	watch(&s);
	if (WALL_SEND(&s.monitor, session_ready, .trouble = "") != 0)
		die("session: the monitor is gone");
	if (loop_run(s.loop) != 0)
		s.exit_status = 1;
	listen_end_all(&s);
	(void)wall_queue_drain(&s.worker, LAST_WORDS_MS);
	(void)wall_queue_drain(&s.monitor, LAST_WORDS_MS);
	_exit(s.exit_status);
}
