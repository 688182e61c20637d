/*
 * Starting the session's program: its version, its failures, the SELinux
 * contexts that are carried over the exec, and the light child's signals.
 */
#include "config.h"

#include "tests/unit/privsep/suites.h"
#include "tests/unit/unit.h"

#include "lib/err.h"
#include "privsep/light_child.h"
#include "privsep/selinux.h"
#include "privsep/session_exec.h"
#include "privsep/wall_version.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
program(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

START_TEST(the_program_of_this_build_can_be_run)
{
	int fd = program("sallyport-session");

	ck_assert_int_eq(session_exec_probe(fd), 0);
	close(fd);
}
END_TEST

START_TEST(another_program_or_a_broken_one_is_refused)
{
	int fd = program("/bin/false");

	ck_assert_int_eq(session_exec_probe(fd), E_STATE);
	close(fd);
	fd = program("/etc/passwd");
	ck_assert_int_eq(session_exec_probe(fd), E_SYSTEM);
	ck_assert_int_eq(errno, EACCES);
	close(fd);
}
END_TEST

static int
exit_code(const char *version)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		execl("./sallyport-session", "x", version, "probe", NULL);
		_exit(98);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

START_TEST(a_monitor_of_another_version_is_refused)
{
	char other[WALL_VERSION_MAX];

	ck_assert_int_eq(exit_code(session_version()), 0);
	snprintf(other, sizeof(other), "%s", session_version());
	other[strlen(other) - 1] ^= 1;
	ck_assert_int_eq(exit_code(other), 1);
}
END_TEST

START_TEST(contexts_are_read_and_written_as_they_are)
{
	char text[SELINUX_CONTEXT_MAX], path[256];
	char *folder = unit_folder();
	FILE *f;

	selinux_directory = folder;
	ck_assert_int_eq(selinux_read(SELINUX_EXEC, text), E_SYSTEM);
	ck_assert_int_eq(selinux_write(SELINUX_EXEC, "a:b:c:s0"), E_SYSTEM);
	ck_assert_int_eq(selinux_write(SELINUX_EXEC, ""), 0); /* no change */
	snprintf(path, sizeof(path), "%s/exec", folder);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	fclose(f);
	ck_assert_int_eq(selinux_read(SELINUX_EXEC, text), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(selinux_write(SELINUX_EXEC, "a:b:c:s0-s0:c0.c1"), 0);
	ck_assert_int_eq(selinux_read(SELINUX_EXEC, text), 0);
	ck_assert_str_eq(text, "a:b:c:s0-s0:c0.c1");
	snprintf(path, sizeof(path), "%s/keycreate", folder);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	for (int i = 0; i < SELINUX_CONTEXT_MAX; i++)
		fputc('x', f);
	fclose(f);
	ck_assert_int_eq(selinux_read(SELINUX_KEYCREATE, text), E_TOO_LARGE);
	unit_remove(folder);
	free(folder);
}
END_TEST

#ifndef SANITIZED
/* Descriptors of a process, counted; -1: one of them is none of its own. */
static int
descriptors(pid_t pid)
{
	char path[64], target[256];
	int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, "/dev/null") != 0 &&
		    strncmp(target, "socket:", 7) != 0)
			return -1;
		count++;
	}
	return count;
}
#endif

/* Also what a module has left open, without a thought for an exec. */
START_TEST(a_session_inherits_its_two_walls_alone)
{
	int fd = program("sallyport-session"), monitor[2], worker[2];
	int below = open("/etc/passwd", O_RDONLY);
	int above = fcntl(below, F_DUPFD, 200);
	pid_t pid;

	ck_assert_int_eq(wall_pair(monitor), 0);
	ck_assert_int_eq(wall_pair(worker), 0);
	ck_assert_int_ge(above, 200);
	ck_assert_int_eq(
	    session_exec(fd, monitor[1], worker[1], false, &pid), 0);
#ifndef SANITIZED /* whose reports have a descriptor of their own */
	/* Once the loader has closed its files it waits for an order. */
	for (int i = 0; i < 100 && descriptors(pid) != 5; i++)
		usleep(20000);
	ck_assert_int_eq(descriptors(pid), 5);
#endif
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(below);
	close(above);
	for (int i = 0; i < 2; i++) {
		close(monitor[i]);
		close(worker[i]);
	}
	close(fd);
}
END_TEST

/* The context that a module has set is for the user's program, not for ours. */
START_TEST(no_session_starts_in_its_user_s_context)
{
	int fd = program("sallyport-session"), monitor[2], worker[2];
	char *folder = unit_folder(); /* without an "exec" to be cleared */
	pid_t pid;

	ck_assert_int_eq(wall_pair(monitor), 0);
	ck_assert_int_eq(wall_pair(worker), 0);
	selinux_directory = folder;
	ck_assert_int_eq(
	    session_exec(fd, monitor[1], worker[1], true, &pid), E_SYSTEM);
	ck_assert_int_eq(errno, ENOENT);
	unit_remove(folder);
	free(folder);
	for (int i = 0; i < 2; i++) {
		close(monitor[i]);
		close(worker[i]);
	}
	close(fd);
}
END_TEST

static int
read_mask(void *arg)
{
	return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, arg,
		   sizeof(uint64_t)) == 0 ?
	    7 :
	    8;
}

/* libc's sigfillset() leaves out the two that its threads use. */
START_TEST(a_light_child_blocks_every_signal)
{
	uint64_t during = 0, after = 0;
	int status;
	pid_t pid = light_child_exec(read_mask, &during);

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	/* All but SIGKILL and SIGSTOP. */
	ck_assert_uint_eq(
	    during | 1u << (SIGKILL - 1) | 1u << (SIGSTOP - 1), UINT64_MAX);
	ck_assert_int_eq(read_mask(&after), 7);
	ck_assert_uint_eq(after, 0);
}
END_TEST

Suite *
suite_session_exec(void)
{
	Suite *s = suite_create("session exec");
	TCase *t = tcase_create("session exec");

	suite_add_tcase(s, t);
	tcase_add_test(t, the_program_of_this_build_can_be_run);
	tcase_add_test(t, another_program_or_a_broken_one_is_refused);
	tcase_add_test(t, a_monitor_of_another_version_is_refused);
	tcase_add_test(t, contexts_are_read_and_written_as_they_are);
	tcase_add_test(t, a_session_inherits_its_two_walls_alone);
	tcase_add_test(t, no_session_starts_in_its_user_s_context);
	tcase_add_test(t, a_light_child_blocks_every_signal);
	return s;
}
