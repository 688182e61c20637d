/*
 * Programs: pipes or a terminal, a fork, news of the start and of the end.
 */
#include "daemon/session/inside.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/pipes.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An SFTP child's events wait so long for others, in the kernel. */
#define EVENTS_MS  20
#define EVENTS_MAX 64 /* passed on in one turn */

static void
close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static struct program *
find(struct session *s, uint32_t channel)
{
	struct program *p;

	LIST_FOREACH(p, &s->programs, next)
	if (p->channel == channel)
		return p;
	return NULL;
}

/*
 * Signals wait until the child has dispositions of its own, so that a
 * hang-up right after the start is not lost to ours.
 */
static pid_t
fork_quietly(struct session *s, const struct launch *l)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid == 0)
		child_run(s, l);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/*
 * The SFTP child tells what it does to us, and we tell the monitor, so that
 * nobody but this process holds the wall: its end is seen when it comes.
 */
static int
pass_event(void *arg, struct wall_message *m)
{
	struct program *p = arg;

	if (m->type == MSG_file_event)
		(void)wall_send(&p->s->monitor, m);
	return 0;
}

static const struct peer server = {.handle = pass_event, .turn = EVENTS_MAX};

/*
 * Many small files are two events each: in bursts they cost two processes a
 * turn each 20 ms, not two turns a file.
 */
static void
pass_events(void *arg)
{
	struct program *p = arg;
	int err;

	if (session_is_behind(p->s)) {
		loop_timer_start(
		    p->s->loop, &p->events_timer, EVENTS_MS, pass_events, p);
		return;
	}
	err = peer_read(&server, &p->events, p);
	if (err == E_AGAIN)
		loop_fd_set(&p->events_handle, LOOP_READ);
	else if (err != 0)
		loop_fd_remove(&p->events_handle);
	else /* more lie there, and their teller may wait for room */
		loop_timer_start(
		    p->s->loop, &p->events_timer, 0, pass_events, p);
}

static void
on_event(int fd, unsigned events, void *arg)
{
	struct program *p = arg;

	(void)fd;
	(void)events;
	loop_fd_set(&p->events_handle, 0);
	loop_timer_start(
	    p->s->loop, &p->events_timer, EVENTS_MS, pass_events, p);
}

static int
watch_events(struct program *p, int fd)
{
	wall_init(&p->events, fd, PATH_SESSION_MONITOR, PATH_SESSION_MONITOR);
	if (fd < 0)
		return 0;
	if (fd_set_nonblocking(fd) != 0)
		return E_SYSTEM;
	return loop_fd_add(
	    p->s->loop, &p->events_handle, fd, LOOP_READ, on_event, p);
}

/* All that it has told before its end; it has no more to tell. */
static void
end_events(struct program *p)
{
	loop_fd_remove(&p->events_handle);
	loop_timer_stop(&p->events_timer);
	while (p->events.fd >= 0 && peer_read(&server, &p->events, p) == 0)
		continue;
	wall_free(&p->events);
}

/* From its device number: in a chroot there may be no /dev to ask. */
static bool
name_terminal(char *name, size_t size, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode))
		return false;
	snprintf(name, size, "pts/%u", minor(st.st_rdev));
	return true;
}

static int
launch(struct session *s, struct launch *l, pid_t *pid)
{
	struct program *p;
	int events[2] = {-1, -1};

	if (s->finishing || s->n_programs >= PROGRAMS_MAX)
		return EAGAIN;
	if (find(s, l->channel) != NULL)
		return EEXIST;
	if (l->kind == RUN_SFTP && wall_pair(events) != 0)
		return EMFILE;
	l->display = display_of(s, l->channel, l->environment);
	l->events = events[1];
	*pid = fork_quietly(s, l);
	close_all(&events[1], 1);
	if (*pid < 0) {
		close_all(events, 1);
		return EAGAIN;
	}
	p = mem_zalloc(sizeof(*p));
	p->s = s;
	p->channel = l->channel;
	p->pid = *pid;
	LIST_INSERT_HEAD(&s->programs, p, next);
	s->n_programs++;
	if (l->pty && name_terminal(p->tty, sizeof(p->tty), l->in))
		session_title(s);
	if (watch_events(p, events[0]) != 0)
		log_warn("the file operations cannot be watched");
	return 0;
}

/* The worker first, so that the end cannot overtake the beginning. */
static int
tell_worker(struct session *s, uint32_t channel, bool given, const int ours[3])
{
	const struct wall_message m = {.type = MSG_pipes,
	    .fds = {ours[0], ours[1], ours[2], -1},
	    .pipes = {.channel = channel}};

	return given ? WALL_SEND(&s->worker, running, .channel = channel) :
		       wall_send(&s->worker, &m);
}

static void
tell_failed(struct session *s, uint32_t channel, int error)
{
	char text[128];

	snprintf(
	    text, sizeof(text), "cannot start a process: %s", strerror(error));
	(void)WALL_SEND(&s->worker, failed, .channel = channel,
	    .reason = SSH_OPEN_RESOURCE_SHORTAGE, .text = text);
}

/* n given descriptors, which stay the caller's: a terminal, or standard input,
 * output and error; none: pipes are made, and the worker gets their ends. */
static int
start(struct session *s, const struct msg_run *m, const int *given, size_t n)
{
	int ours[3] = {-1, -1, -1}, made[3] = {-1, -1, -1};
	const int *theirs = n != 0 ? given : made;
	size_t other = n == 1 ? 0 : 1; /* a terminal is all three */
	struct launch l = {.channel = m->channel,
	    .kind = (enum run_kind)m->kind,
	    .command = m->command,
	    .title = m->title,
	    .environment = m->environment,
	    .user_rc = m->user_rc,
	    .subsystem = m->subsystem || m->kind == RUN_SFTP,
	    .pty = n == 1};
	int error = 0;
	pid_t pid = 0;

	if (n == 0)
		error = pipes_make(
		    ours, made, s->start->reset_input && l.kind != RUN_SFTP);
	l.in = theirs[0];
	l.out = theirs[other];
	l.error = theirs[2 * other];
	if (error == 0)
		error = launch(s, &l, &pid);
	close_all(made, 3);
	if (error == 0)
		(void)tell_worker(s, m->channel, n != 0, ours);
	else
		tell_failed(s, m->channel, error);
	close_all(ours, 3);
	return WALL_SEND(&s->monitor, ran, .channel = m->channel,
	    .pid = (uint32_t)pid, .error = (uint32_t)error);
}

/* The three messages have the same fields. */
int
on_run(struct session *s, struct wall_message *m)
{
	return start(s, &m->run, NULL, 0);
}

int
on_run_pty(struct session *s, struct wall_message *m)
{
	return start(s, &m->run, m->fds, 1);
}

int
on_run_pipes(struct session *s, struct wall_message *m)
{
	return start(s, &m->run, m->fds, 3);
}

/* Each program leads a session and a process group of its own. */
static void
send_signal(struct session *s, uint32_t channel, int signal)
{
	struct program *p = find(s, channel);

	if (p == NULL || signal <= 0 || signal >= NSIG ||
	    (signal == SIGHUP && p->hung_up))
		return;
	p->hung_up = p->hung_up || signal == SIGHUP;
	if (killpg(p->pid, signal) != 0 && errno == ESRCH)
		(void)kill(p->pid, signal); /* not yet in its own group */
}

int
on_kill(struct session *s, struct wall_message *m)
{
	send_signal(s, m->kill.channel, m->kill.signal);
	return 0;
}

void
programs_hang_up(struct session *s, bool all)
{
	struct program *p;

	LIST_FOREACH(p, &s->programs, next)
	{
		if (!all && p->tty[0] == '\0')
			continue;
		send_signal(s, p->channel, SIGHUP);
		send_signal(s, p->channel, SIGCONT);
	}
}

/* RFC 4254 section 6.10: names without SIG; others with a domain. */
static const char *
signal_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
	    {SIGABRT, "ABRT"},
	    {SIGALRM, "ALRM"},
	    {SIGFPE, "FPE"},
	    {SIGHUP, "HUP"},
	    {SIGILL, "ILL"},
	    {SIGINT, "INT"},
	    {SIGKILL, "KILL"},
	    {SIGPIPE, "PIPE"},
	    {SIGQUIT, "QUIT"},
	    {SIGSEGV, "SEGV"},
	    {SIGTERM, "TERM"},
	    {SIGUSR1, "USR1"},
	    {SIGUSR2, "USR2"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return "SIG@openssh.com";
}

static struct program *
find_process(struct session *s, pid_t pid)
{
	struct program *p;

	LIST_FOREACH(p, &s->programs, next)
	if (p->pid == pid)
		return p;
	return NULL;
}

bool
program_ended(struct session *s, pid_t pid, int status)
{
	struct program *p = find_process(s, pid);
	bool signalled = WIFSIGNALED(status);

	if (p == NULL)
		return false;
	end_events(p);
	(void)WALL_SEND(&s->worker, exited, .channel = p->channel,
	    .status = signalled ? 0 : (uint32_t)WEXITSTATUS(status),
	    .signal = signalled ? signal_name(WTERMSIG(status)) : "",
	    .core = signalled && WCOREDUMP(status));
	(void)WALL_SEND(&s->monitor, ended, .channel = p->channel,
	    .status = signalled ? 0 : (uint32_t)WEXITSTATUS(status),
	    .signal = signalled ? (uint32_t)WTERMSIG(status) : 0,
	    .core = signalled && WCOREDUMP(status));
	LIST_REMOVE(p, next);
	s->n_programs--;
	if (p->tty[0] != '\0')
		session_title(s);
	free(p);
	session_maybe_exit(s);
	return true;
}
