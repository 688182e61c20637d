/*
 * Between fork and the user's program: what a login gives it, and nothing
 * that is ours.  Runs as the user.
 */
#include "daemon/session/inside.h"
#include "daemon/session/selftest.h"

#include "daemon/sftp/sftp.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_NOT_STARTED 255

/* NAME=value, from SSH strings one after another. */
static char **
read_environment(struct bytes b)
{
	char **list = NULL;
	size_t count = 0, len;
	struct rd r;

	rd_init(&r, b.data, b.len);
	while (rd_left(&r) != 0) {
		const uint8_t *at = rd_string(&r, WALL_ENV_MAX, &len);

		if (r.err != 0)
			break;
		mem_push(&list, &count, mem_strndup((const char *)at, len));
	}
	return list != NULL ? list : mem_zalloc(sizeof(*list));
}

void
child_restore(const struct session *s)
{
	sigset_t none;

	for (int n = 1; n < NSIG; n++)
		if (n != SIGKILL && n != SIGSTOP)
			signal(n, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(s->umask);
}

/* 0, 1 and 2 are the program's, whatever numbers they had. */
static void
take_stdio(const struct launch *l)
{
	int from[3] = {l->in, l->out, l->error};

	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			_exit(EXIT_NOT_STARTED);
}

/* A session and group of its own; its terminal controls it. */
static void
lead(const struct launch *l)
{
	if (setsid() < 0)
		_exit(EXIT_NOT_STARTED);
	if (l->pty && ioctl(l->in, TIOCSCTTY, 0) != 0)
		_exit(EXIT_NOT_STARTED);
}

static void
go_home(struct session *s, const struct launch *l)
{
	if (chdir(s->start->home) == 0)
		return;
	log_info("channel %u: home directory %s: %s", l->channel,
	    s->start->home, strerror(errno));
	/* A subsystem's client may take its standard error for a failure. */
	if (!s->in_chroot && !l->subsystem)
		dprintf(STDERR_FILENO,
		    "Could not chdir to home directory %s: %s\n",
		    s->start->home, strerror(errno));
	if (chdir("/") != 0)
		_exit(EXIT_NOT_STARTED);
}

static void
exec_shell(
    const struct msg_begin *start, const struct launch *l, char **environment)
{
	const char *shell = start->shell[0] != '\0' ? start->shell : "/bin/sh";
	const char *name = strrchr(shell, '/');
	char *argv[4] = {0};
	int error;

	name = name != NULL ? &name[1] : shell;
	if (l->kind == RUN_SHELL) {
		argv[0] = mem_printf("-%s", name);
	} else {
		argv[0] = mem_strdup(name);
		argv[1] = mem_strdup("-c");
		argv[2] = mem_strdup(l->command);
	}
	execve(shell, argv, environment);
	error = errno;
	dprintf(STDERR_FILENO, "%s: %s\n", shell, strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

/* ---- sftp: a program without an exec ----------------------------------------
 */

struct sftp_child {
	struct wall events;
	uint32_t channel;
};

/* Paths over the wall's limit are cut: an audit record has one, too. */
static const char *
cut(const char *path, char text[4096 + 1])
{
	if (path == NULL)
		return "";
	if (strlen(path) <= 4096)
		return path;
	memcpy(text, path, 4096);
	text[4096] = '\0';
	return text;
}

static void
fill_totals(struct msg_file_event *f, const struct sftp_totals *t)
{
	f->bytes_read = t->bytes_read;
	f->bytes_written = t->bytes_written;
	f->files_read = t->files_read;
	f->files_written = t->files_written;
}

static void
fill_attributes(struct msg_file_event *f, const struct sftp_attr *a)
{
	f->flags = a->flags;
	f->size = a->size;
	f->owner = a->uid;
	f->gid = a->gid;
	f->mode = a->permissions;
	f->atime = a->atime;
	f->mtime = a->mtime;
}

static void
on_sftp_event(void *context, const struct sftp_event *e)
{
	struct sftp_child *child = context;
	char path[4096 + 1], target[4096 + 1];
	struct wall_message m = {
	    .type = MSG_file_event, .fds = {-1, -1, -1, -1}};
	struct msg_file_event *f = &m.file_event;

	f->channel = child->channel;
	f->kind = (uint8_t)e->type;
	f->status = e->status;
	f->error = (uint32_t)e->error;
	f->flags = e->open_flags;
	f->mode = e->mode;
	f->path = cut(e->path, path);
	f->target = cut(e->new_path, target);
	f->request = e->request == NULL ? "" : e->request;
	f->reason = e->reason == NULL ? "" : e->reason;
	f->bytes_read = e->bytes_read;
	f->bytes_written = e->bytes_written;
	f->milliseconds = e->milliseconds;
	f->digest = e->digest == NULL ? "" : e->digest;
	f->partial = e->partial;
	if (e->totals != NULL)
		fill_totals(f, e->totals);
	if (e->attr != NULL)
		fill_attributes(f, e->attr);
	(void)wall_send(&child->events, &m);
	/* This process serves its user alone, who waits until it is told. */
	(void)wall_queue_drain(&child->events, -1);
}

static void
run_sftp(struct session *s, const struct launch *l)
{
	struct sftp_child child = {.channel = l->channel};
	struct sftp_options options = {0};
	const struct msg_begin *b = s->start;

	/* Its wall to the session alone stays, for the events. */
	if (dup3(l->events, 3, O_CLOEXEC) < 0 || close_range(4, ~0u, 0) != 0)
		_exit(EXIT_NOT_STARTED);
	wall_init(&child.events, 3, PATH_SESSION_MONITOR, PATH_SESSION_MONITOR);

	options.no_names = b->sftp_no_names || s->in_chroot;
	options.read_only = b->sftp_read_only;
	options.start_directory =
	    b->sftp_start[0] != '\0' ? b->sftp_start : NULL;
	options.set_umask = b->sftp_sets_umask;
	options.umask = b->sftp_umask;
	options.draft_symlink = b->sftp_draft_symlink;
	options.digest = b->sftp_digest;
	options.detail = SFTP_DETAIL_CHANGES;
	options.in = STDIN_FILENO;
	options.out = STDOUT_FILENO;
	options.user = b->user;
	options.home = b->home;
	options.on_event = on_sftp_event;
	options.context = &child;
	title_set("sftp: %s", b->user);
	_exit(sftp_server_run(&options));
}

void
child_run(struct session *s, const struct launch *l)
{
	char **environment = read_environment(l->environment);

	lead(l);
	take_stdio(l);
	child_restore(s);
	go_home(s, l);
	log_set_callback(NULL, NULL);
	if (l->kind == RUN_SFTP)
		run_sftp(s, l);
	if (close_range(3, ~0u, 0) != 0)
		_exit(EXIT_NOT_STARTED);
	if (l->kind == RUN_SELFTEST)
		_exit(selftest_report(environment));
	rc_run(s, l, environment);
	exec_shell(s->start, l, environment);
	_exit(EXIT_NOT_STARTED);
}
