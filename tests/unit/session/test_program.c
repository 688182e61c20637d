/*
 * Programs: who they are, what they get, how they end.
 */
#include "tests/unit/session/drive.h"
#include "tests/unit/session/suites.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
setup(void)
{
	drive_prepare();
}

static void
assert_has(const char *text, const char *part)
{
	ck_assert_msg(
	    strstr(text, part) != NULL, "\"%s\" is not in \"%s\"", part, text);
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", drive.home, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	ck_assert_int_eq(fchown(fd, DRIVE_UID, DRIVE_UID), 0);
	close(fd);
}

static const char *
proc_status(pid_t pid)
{
	static char text[8192];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(test_the_process_is_the_user_and_cannot_be_traced)
{
	char path[64];
	struct dirent *e;
	struct stat st;
	unsigned fds = 0;
	DIR *d;

	drive_start();
	assert_has(proc_status(drive.pid), "Uid:\t47011\t47011\t47011\t47011");
	assert_has(proc_status(drive.pid), "Gid:\t47011\t47011\t47011\t47011");
	assert_has(proc_status(drive.pid), "Groups:\t47011 47012");
	assert_has(proc_status(drive.pid), "CapPrm:\t0000000000000000");
	assert_has(proc_status(drive.pid), "NoNewPrivs:\t0");
	/* Not dumpable: /proc/PID belongs to root. */
	snprintf(path, sizeof(path), "/proc/%d/status", (int)drive.pid);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
	/* 0-2, two walls, signals, epoll: and nothing of ours. */
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)drive.pid);
	d = opendir(path);
	while ((e = readdir(d)) != NULL)
		fds += e->d_name[0] != '.';
	closedir(d);
	ck_assert_uint_eq(fds, 7);
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_a_program_is_the_user_with_the_given_environment)
{
	drive_start();
	ck_assert_str_eq(drive_output("id -u; id -g; id -G", 0),
	    "47011\n47011\n47011 47012\n");
	ck_assert_str_eq(drive_output("tr '\\0' '\\n' "
				      "</proc/$$/environ; true",
			     0),
	    "PATH=/usr/bin:/bin\nA=b\n");
	assert_has(drive_output("pwd; umask", 0), drive.home);
	assert_has(drive_output("pwd; umask", 0), "0027");
	/* Its descriptors are its three, not our walls. */
	ck_assert_str_eq(drive_output("exec ls /proc/self/fd", 0),
	    "0\n1\n2\n3\n"); /* 3 is ls's own */
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_status_and_signals_are_told_to_both_sides)
{
	struct wall_message *m;
	int fds[3];

	drive_start();
	(void)drive_output("exit 42", 42);
	drive_run(5, "ulimit -c 0; kill -SEGV $$", fds);
	m = drive_worker(MSG_exited);
	ck_assert_uint_eq(m->exited.channel, 5);
	ck_assert_str_eq(m->exited.signal, "SEGV");
	m = drive_monitor(MSG_ended);
	ck_assert_uint_eq(m->ended.signal, SIGSEGV);
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_input_reaches_the_program_and_its_end_does_too)
{
	int fds[3];

	drive_start();
	drive_run(5, "cat; echo done >&2", fds);
	ck_assert_int_eq(write(fds[0], "hello", 5), 5);
	close(fds[0]);
	ck_assert_str_eq(drive_read(fds[1]), "hello");
	ck_assert_str_eq(drive_read(fds[2]), "done\n");
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_limits_mask_and_dispositions_are_the_given_ones)
{
	const char *text;

	struct rlimit before, fewer;
	sigset_t set;

	/* As PAM's session leaves them in the monitor, which blocks signals. */
	drive.start.shell = "/bin/bash"; /* dash clears the mask */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	fewer = before;
	fewer.rlim_cur = 77;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &fewer), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	drive_start();
	ck_assert_int_eq(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	text = drive_output("ulimit -Sn; grep -E 'SigBlk|SigIgn' "
			    "/proc/self/status",
	    0);
	assert_has(text, "77\n");
	assert_has(text, "SigBlk:\t0000000000000000");
	/* 32 and 33 are libc's own; make's posix_spawn() leaves them ignored.
	 */
	ck_assert(strstr(text, "SigIgn:\t0000000000000000") != NULL ||
	    strstr(text, "SigIgn:\t0000000180000000") != NULL);
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_a_login_shell_has_a_dash_and_a_terminal)
{
	struct wall_message *m;
	char text[4096] = "";
	size_t len = 0;
	int master, slave;
	char name[64], line[128], leader[64];

	ck_assert_int_eq(openpty(&master, &slave, name, NULL, NULL), 0);
	ck_assert_int_eq(fchown(slave, DRIVE_UID, -1), 0);
	drive_start();
	ck_assert_int_eq(
	    WALL_SEND_FD(&drive.monitor, slave, run_pty, .channel = 3,
		.kind = RUN_SHELL,
		.environment = drive_environment("PATH=/usr/bin:/bin", NULL)),
	    0);
	close(slave);
	ck_assert_uint_eq(drive_worker(MSG_running)->running.channel, 3);
	m = drive_monitor(MSG_ran);
	ck_assert_uint_eq(m->ran.error, 0);
	/* It leads a session and a process group of its own. */
	strcpy(line,
	    "echo =$0= && tty; cut -d' ' -f5,6 /proc/$$/stat; "
	    "echo $$ $$ $$; exit 7\n");
	ck_assert_int_eq(write(master, line, strlen(line)), strlen(line));
	for (ssize_t n;
	     (n = read(master, &text[len], sizeof(text) - 1 - len)) > 0;)
		len += (size_t)n;
	ck_assert_int_eq(errno, EIO); /* all have let go of it */
	assert_has(text, "=-sh=");
	assert_has(text, name);
	snprintf(leader, sizeof(leader), "%u %u\r\n%u %u", m->ran.pid,
	    m->ran.pid, m->ran.pid, m->ran.pid);
	assert_has(text, leader);
	ck_assert_uint_eq(drive_worker(MSG_exited)->exited.status, 7);
	ck_assert_int_eq(drive_finish(), 0);
	close(master);
}
END_TEST

START_TEST(test_a_missing_home_is_said_and_a_missing_shell_too)
{
	int fds[3];

	drive.start.home = "/tmp/spt_channel_missing";
	drive_start();
	drive_run(1, "pwd", fds);
	ck_assert_str_eq(drive_read(fds[1]), "/\n");
	assert_has(drive_read(fds[2]), "Could not chdir to home directory");
	ck_assert_int_eq(drive_finish(), 0);

	drive_prepare();
	drive.start.shell = "/no/shell";
	drive_start();
	drive_run(1, "pwd", fds);
	assert_has(drive_read(fds[2]), "/no/shell");
	ck_assert_uint_eq(drive_worker(MSG_exited)->exited.status, 127);
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_a_subsystem_hears_nothing_of_a_missing_home)
{
	struct wall_message *m, got;

	drive.start.home = "/tmp/spt_channel_missing";
	drive_start();
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, run, .channel = 1, .kind = RUN_COMMAND,
		.command = "pwd", .subsystem = true,
		.environment = drive_environment("PATH=/usr/bin:/bin", NULL)),
	    0);
	m = drive_worker(MSG_pipes);
	ck_assert_str_eq(drive_read(m->fds[1]), "/\n");
	ck_assert_str_eq(drive_read(m->fds[2]), "");
	/* Before or after the news of the start. */
	for (bool told = false; !told;) {
		ck_assert_int_eq(wall_receive(&drive.monitor, &got), 0);
		told = got.type == MSG_session_log &&
		    strstr(got.session_log.line,
			"home directory /tmp/spt_channel_missing: No such "
			"file") != NULL;
		wall_done(&drive.monitor, &got);
	}
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_a_signal_order_reaches_the_whole_group)
{
	int fds[3];

	drive_start();
	drive_run(9,
	    "trap 'echo hup; exit 3' HUP; sleep 100 & sleep 0.3; "
	    "echo ready; wait",
	    fds);
	while (read(fds[1], (char[16]){0}, 16) < 0)
		poll(NULL, 0, 10);
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, kill, .channel = 9, .signal = SIGHUP), 0);
	ck_assert_str_eq(drive_read(fds[1]), "hup\n"); /* sleep ended, too */
	ck_assert_uint_eq(drive_worker(MSG_exited)->exited.status, 3);
	/* After its end the number is nobody's. */
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, kill, .channel = 9, .signal = SIGKILL),
	    0);
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_finish_hangs_up_and_who_ignores_it_lives_on)
{
	int deaf[3], fds[3];
	struct wall_message *m;
	pid_t deaf_pid;

	drive_start();
	drive_run(1, "trap '' HUP; echo ready; exec sleep 100", deaf);
	deaf_pid = drive.ran;
	while (read(deaf[1], (char[16]){0}, 16) < 0)
		poll(NULL, 0, 10);
	drive_run(2, "echo ready; exec sleep 100", fds);
	while (read(fds[1], (char[16]){0}, 16) < 0)
		poll(NULL, 0, 10);
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, kill, .channel = 1, .signal = SIGCONT),
	    0);
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, finish, .seconds = 1, .all = 1), 0);
	m = drive_worker(MSG_exited);
	ck_assert_uint_eq(m->exited.channel, 2);
	ck_assert_str_eq(m->exited.signal, "HUP");
	ck_assert_int_eq(drive_finish(), 0);
	ck_assert_int_eq(
	    poll(&(struct pollfd){.fd = deaf[1], .events = POLLIN}, 1, 0),
	    0); /* still held open */
	ck_assert_int_eq(kill(deaf_pid, SIGKILL), 0);
}
END_TEST

START_TEST(test_what_has_no_terminal_outlives_a_lost_client)
{
	int fds[3];
	pid_t pid;

	drive_start();
	drive_run(1, "echo ready; exec sleep 100", fds);
	pid = drive.ran;
	while (read(fds[1], (char[16]){0}, 16) < 0)
		poll(NULL, 0, 10);
	ck_assert_int_eq(WALL_SEND(&drive.monitor, finish, .seconds = 0), 0);
	ck_assert_int_eq(drive_finish(), 0);
	ck_assert_int_eq(
	    poll(&(struct pollfd){.fd = fds[1], .events = POLLIN}, 1, 0), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
}
END_TEST

START_TEST(test_an_order_to_end_all_comes_after_the_worker_has_gone)
{
	int fds[3];

	drive_start();
	drive_run(1, "echo ready; exec sleep 100", fds);
	while (read(fds[1], (char[16]){0}, 16) < 0)
		poll(NULL, 0, 10);
	ck_assert_int_eq(WALL_SEND(&drive.monitor, finish, .seconds = 5), 0);
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, finish, .seconds = 5, .all = 1), 0);
	ck_assert_str_eq(drive_worker(MSG_exited)->exited.signal, "HUP");
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

/* unix(7) as make_input() relies on it, with a reader of the user's. */
START_TEST(test_an_input_that_was_not_finished_is_reset)
{
	int fds[3];
	char byte;

	drive.start.reset_input = true;
	drive_start();
	drive_run(1, "cat >/dev/null && echo whole", fds);
	ck_assert_int_eq(write(fds[0], "data", 4), 4);
	if (_i == 1) /* the client said so */
		ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	ck_assert_str_eq(drive_read(fds[1]), _i == 1 ? "whole\n" : "");
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_without_a_monitor_everything_ends)
{
	int fds[3], status;

	drive_start();
	drive_run(2, "exec sleep 100", fds);
	wall_free(&drive.monitor);
	ck_assert_str_eq(drive_read(fds[1]), "");
	ck_assert_int_eq(waitpid(drive.pid, &status, 0), drive.pid);
	wall_free(&drive.worker);
	drive_clean();
}
END_TEST

START_TEST(test_an_order_out_of_the_table_ends_the_process)
{
	int status;

	drive_start();
	ck_assert_int_eq(write(drive.monitor.fd, "\xff\xff", 2), 2);
	ck_assert_int_eq(waitpid(drive.pid, &status, 0), drive.pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	wall_free(&drive.monitor);
	wall_free(&drive.worker);
	drive_clean();
}
END_TEST

static void
make_ssh_directory(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/.ssh", drive.home);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

START_TEST(test_the_users_rc_runs_first_when_it_may)
{
	int fds[3];
	struct wall_message *m;

	make_ssh_directory();
	write_file(".ssh/rc", "echo from rc\n", 0644);
	drive_start();
	for (int may = 1; may >= 0; may--) {
		ck_assert_int_eq(WALL_SEND(&drive.monitor, run, .channel = 1,
				     .kind = RUN_COMMAND,
				     .command = "echo main >&2", .user_rc = may,
				     .environment = drive_environment(
					 "PATH=/usr/bin:/bin", NULL)),
		    0);
		m = drive_worker(MSG_pipes);
		for (int i = 0; i < 3; i++) {
			fds[i] = m->fds[i];
			m->fds[i] = -1;
		}
		ck_assert_str_eq(
		    drive_read(fds[2]), may ? "from rc\nmain\n" : "main\n");
		drive_monitor(MSG_ran);
		drive_monitor(MSG_ended);
		drive_worker(MSG_exited);
	}
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_sftp_runs_without_an_exec_and_reports_its_operations)
{
	static const uint8_t init[] = {0, 0, 0, 5, 1, 0, 0, 0, 3};
	static const uint8_t mkdir_request[] = {
	    0, 0, 0, 14, 14, 0, 0, 0, 1, 0, 0, 0, 1, 'd', 0, 0, 0, 0};
	struct wall_message *m;
	uint8_t reply[4096];
	int fds[3];

	drive_start();
	ck_assert_int_eq(WALL_SEND(&drive.monitor, run, .channel = 8,
			     .kind = RUN_SFTP, .environment = {NULL, 0}),
	    0);
	m = drive_worker(MSG_pipes);
	for (int i = 0; i < 3; i++) {
		fds[i] = m->fds[i];
		m->fds[i] = -1;
	}
	drive_monitor(MSG_ran);
	ck_assert_int_eq(write(fds[0], init, sizeof(init)), sizeof(init));
	ck_assert_int_eq(write(fds[0], mkdir_request, sizeof(mkdir_request)),
	    sizeof(mkdir_request));
	close(fds[0]);
	ck_assert_int_eq(
	    poll(&(struct pollfd){.fd = fds[1], .events = POLLIN}, 1, 5000), 1);
	ck_assert_int_ge(read(fds[1], reply, sizeof(reply)), 9);
	ck_assert_int_eq(reply[4], 2); /* SSH_FXP_VERSION */
	do
		m = drive_monitor(MSG_file_event);
	while (strcmp(m->file_event.path, "d") != 0 &&
	    strstr(m->file_event.path, "/d") == NULL);
	ck_assert_uint_eq(m->file_event.channel, 8);
	ck_assert_uint_eq(m->file_event.status, 0);
	ck_assert_uint_eq(drive_worker(MSG_exited)->exited.status, 0);
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

START_TEST(test_a_chroot_with_a_foreign_component_is_refused)
{
	int status;

	drive.start.chroot = drive.home; /* the user's own */
	drive_launch();
	assert_has(drive_monitor(MSG_session_ready)->session_ready.trouble,
	    "(chroot): ");
	/* It obeys nothing, as the user, until nobody is left to tell. */
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, run, .channel = 1, .kind = RUN_COMMAND,
		.command = "touch ran", .environment = {NULL, 0}),
	    0);
	wall_free(&drive.monitor);
	ck_assert_int_eq(waitpid(drive.pid, &status, 0), drive.pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	drive_clean();
}
END_TEST

/* This machine has no SELinux, or no such type: nothing runs without it. */
START_TEST(test_a_context_that_cannot_be_set_ends_the_session)
{
	int status;

	drive.start.exec_context = "spt_u:spt_r:spt_t:s0";
	drive_launch();
	ck_assert_int_eq(waitpid(drive.pid, &status, 0), drive.pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	assert_has(drive_monitor(MSG_session_log)->session_log.line,
	    "the SELinux context spt_u:spt_r:spt_t:s0");
	drive_clean();
}
END_TEST

START_TEST(test_a_chroot_is_entered_and_sftp_works_inside)
{
	static const uint8_t init[] = {0, 0, 0, 5, 1, 0, 0, 0, 3};
	char path[128], target[128] = "";
	struct wall_message *m;
	uint8_t reply[4096];
	int fds[3];

	/* /tmp is everybody's: a place below /var. */
	strcpy(path, "/var/lib/spt_channel_chroot");
	(void)mkdir(path, 0755);
	drive.start.chroot = path;
	drive.start.home = "/";
	drive_start();
	snprintf(target, sizeof(target), "/proc/%d/root", (int)drive.pid);
	ck_assert_int_gt(readlink(target, (char *)reply, sizeof(reply) - 1), 0);
	ck_assert_mem_eq(reply, path, strlen(path));
	ck_assert_int_eq(WALL_SEND(&drive.monitor, run, .channel = 8,
			     .kind = RUN_SFTP, .environment = {NULL, 0}),
	    0);
	m = drive_worker(MSG_pipes);
	for (int i = 0; i < 3; i++) {
		fds[i] = m->fds[i];
		m->fds[i] = -1;
	}
	ck_assert_int_eq(write(fds[0], init, sizeof(init)), sizeof(init));
	ck_assert_int_eq(
	    poll(&(struct pollfd){.fd = fds[1], .events = POLLIN}, 1, 5000), 1);
	ck_assert_int_ge(read(fds[1], reply, sizeof(reply)), 9);
	ck_assert_int_eq(drive_finish(), 0);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(test_sudo_can_work_no_new_privs_is_off_in_programs)
{
	drive_start();
	assert_has(drive_output("grep NoNewPrivs /proc/self/status", 0),
	    "NoNewPrivs:\t0");
	ck_assert_int_eq(drive_finish(), 0);
}
END_TEST

Suite *
suite_program(void)
{
	Suite *s = suite_create("programs");
	TCase *c = tcase_create("programs");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, test_the_process_is_the_user_and_cannot_be_traced);
	tcase_add_test(
	    c, test_a_program_is_the_user_with_the_given_environment);
	tcase_add_test(c, test_status_and_signals_are_told_to_both_sides);
	tcase_add_test(c, test_input_reaches_the_program_and_its_end_does_too);
	tcase_add_test(c, test_limits_mask_and_dispositions_are_the_given_ones);
	tcase_add_test(c, test_a_login_shell_has_a_dash_and_a_terminal);
	tcase_add_test(c, test_a_missing_home_is_said_and_a_missing_shell_too);
	tcase_add_test(c, test_a_subsystem_hears_nothing_of_a_missing_home);
	tcase_add_test(c, test_a_signal_order_reaches_the_whole_group);
	tcase_add_test(c, test_finish_hangs_up_and_who_ignores_it_lives_on);
	tcase_add_test(c, test_what_has_no_terminal_outlives_a_lost_client);
	tcase_add_test(
	    c, test_an_order_to_end_all_comes_after_the_worker_has_gone);
	tcase_add_loop_test(
	    c, test_an_input_that_was_not_finished_is_reset, 0, 2);
	tcase_add_test(c, test_without_a_monitor_everything_ends);
	tcase_add_test(c, test_an_order_out_of_the_table_ends_the_process);
	tcase_add_test(c, test_the_users_rc_runs_first_when_it_may);
	tcase_add_test(
	    c, test_sftp_runs_without_an_exec_and_reports_its_operations);
	tcase_add_test(c, test_a_chroot_with_a_foreign_component_is_refused);
	tcase_add_test(c, test_a_context_that_cannot_be_set_ends_the_session);
	tcase_add_test(c, test_a_chroot_is_entered_and_sftp_works_inside);
	tcase_add_test(c, test_sudo_can_work_no_new_privs_is_off_in_programs);
	suite_add_tcase(s, c);
	return s;
}
