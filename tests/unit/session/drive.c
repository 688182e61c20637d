/*
 * Driving a session process (see drive.h).
 */
#include "tests/unit/session/drive.h"
#include "tests/unit/unit.h"

#include "lib/addresses.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "privsep/session_exec.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE 20000 /* ms */

struct drive drive;
static struct wall_message from_monitor_wall, from_worker_wall;
static struct buf environment;

void
drive_prepare(void)
{
	memset(&drive, 0, sizeof(drive));
	for (int i = 0; i < WALL_FDS_MAX; i++)
		from_monitor_wall.fds[i] = from_worker_wall.fds[i] = -1;
	drive.home = unit_folder();
	ck_assert_int_eq(chown(drive.home, DRIVE_UID, DRIVE_UID), 0);
	drive.start.user = "spt_channel";
	drive.start.home = drive.home;
	drive.start.shell = "/bin/sh";
	drive.start.uid = DRIVE_UID;
	drive.start.gid = DRIVE_UID;
	drive.start.log_level = LOG_LEVEL_DEBUG + 1;
}

/* The program of this build: the tests run in its top directory. */
static int
held_program(void)
{
	int fd = open("sallyport-session", O_PATH | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "sallyport-session: %s", strerror(errno));
	return fd;
}

void
drive_launch(void)
{
	int monitor[2], worker[2], program = held_program();
	gid_t groups[2] = {DRIVE_UID, DRIVE_GROUP};
	mode_t before = umask(027);

	ck_assert_int_eq(wall_pair(monitor), 0);
	ck_assert_int_eq(wall_pair(worker), 0);
	wall_init(&drive.monitor, monitor[0], PATH_MONITOR_SESSION,
	    PATH_SESSION_MONITOR);
	wall_init(
	    &drive.worker, worker[0], PATH_SESSION_WORKER, PATH_SESSION_WORKER);
	ck_assert_int_eq(wall_send(&drive.monitor,
			     &(const struct wall_message){.type = MSG_begin,
				 .fds = {-1, -1, -1, -1},
				 .begin = drive.start}),
	    0);
	ck_assert_int_eq(setgroups(2, groups), 0);
	ck_assert_int_eq(
	    session_exec(program, monitor[1], worker[1], false, &drive.pid), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	umask(before);
	close(program);
	close(monitor[1]);
	close(worker[1]);
}

void
drive_start(void)
{
	drive_launch();
	drive_monitor(MSG_session_ready);
}

static int
wait_for_end(void)
{
	int status = 0;

	ck_assert_int_eq(waitpid(drive.pid, &status, 0), drive.pid);
	ck_assert_msg(
	    WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

int
drive_finish(void)
{
	int status;

	(void)WALL_SEND(&drive.monitor, finish, .seconds = 2);
	status = wait_for_end();
	wall_free(&drive.monitor);
	wall_free(&drive.worker);
	drive_clean();
	return status;
}

void
drive_clean(void)
{
	unit_remove(drive.home);
	free(drive.home);
}

static struct wall_message *
next(struct wall *w, struct wall_message *m, enum wall_type type)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	int err;

	for (;;) {
		wall_done(w, m);
		ck_assert_msg(
		    poll(&p, 1, PATIENCE) == 1, "no %s came", wall_name(type));
		err = wall_receive(w, m);
		ck_assert_msg(err == 0, "instead of %s: %s", wall_name(type),
		    err_text(err));
		if (m->type != MSG_session_log || type == MSG_session_log)
			break;
	}
	ck_assert_str_eq(wall_name(m->type), wall_name(type));
	return m;
}

struct wall_message *
drive_monitor(enum wall_type type)
{
	return next(&drive.monitor, &from_monitor_wall, type);
}

struct wall_message *
drive_worker(enum wall_type type)
{
	return next(&drive.worker, &from_worker_wall, type);
}

struct bytes
drive_environment(const char *first, ...)
{
	struct bytes b;
	const char *text;
	va_list args;

	buf_free(&environment);
	buf_init(&environment, 65536);
	va_start(args, first);
	for (text = first; text != NULL; text = va_arg(args, const char *))
		buf_text(&environment, text);
	va_end(args);
	b.data = environment.data;
	b.len = environment.len;
	return b;
}

void
drive_run(uint32_t channel, const char *command, int fds[3])
{
	struct wall_message *m;

	ck_assert_int_eq(WALL_SEND(&drive.monitor, run, .channel = channel,
			     .kind = RUN_COMMAND, .command = command,
			     .environment = drive_environment(
				 "PATH=/usr/bin:/bin", "A=b", NULL)),
	    0);
	m = drive_worker(MSG_pipes);
	ck_assert_uint_eq(m->pipes.channel, channel);
	for (int i = 0; i < 3; i++) {
		fds[i] = m->fds[i];
		m->fds[i] = -1;
		/* The worker must never block on them. */
		ck_assert_int_ne(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
	}
	m = drive_monitor(MSG_ran);
	ck_assert_uint_eq(m->ran.error, 0);
	drive.ran = (pid_t)m->ran.pid;
}

const char *
drive_read(int fd)
{
	static char text[65536];
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	ssize_t n;

	for (;;) {
		ck_assert_msg(poll(&p, 1, PATIENCE) == 1, "nothing to read");
		n = read(fd, &text[len], sizeof(text) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return text;
}

const char *
drive_output(const char *command, uint32_t status)
{
	static uint32_t channel = 1000;
	const char *text;
	int fds[3];

	drive_run(++channel, command, fds);
	text = drive_read(fds[1]);
	ck_assert_uint_eq(drive_worker(MSG_exited)->exited.status, status);
	ck_assert_uint_eq(drive_monitor(MSG_ended)->ended.status, status);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return text;
}

struct bytes
drive_addresses(const char *texts)
{
	static uint8_t bytes[ADDRESSES_BYTES];
	char copy[256], *at = copy, *one;
	struct addresses list = {.count = 0};

	strcpy(copy, texts);
	while ((one = strsep(&at, " ")) != NULL)
		if (*one != '\0')
			ck_assert_int_eq(
			    net_parse(one, &list.items[list.count++]), 0);
	return (struct bytes){
	    .data = bytes, .len = addresses_write(&list, bytes)};
}
