/*
 * Giving up for good: in children, as root; what can be regained fails.
 */
#include "tests/unit/privsep/suites.h"
#include "tests/unit/unit.h"

#include "lib/err.h"
#include "privsep/drop.h"
#include "privsep/wall.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534

static char empty[64];

static void
make_empty(void)
{
	char *folder = unit_folder();

	ck_assert_int_lt(
	    snprintf(empty, sizeof(empty), "%s", folder), sizeof(empty));
	free(folder);
}

static void
remove_empty(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", empty);
	unlink(path);
	rmdir(empty);
}

/* Exit code of a child that drops to the role and then does it. */
static int
dropped(enum role role, int (*then)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		drop_to_role(role, empty, NOBODY, NOBODY);
		_exit(then());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   1000 + WTERMSIG(status);
}

static int
regain_ids(void)
{
	if (setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0 ||
	    setreuid(0, 0) == 0)
		return 1;
	if (setgid(0) == 0 || setegid(0) == 0 || setresgid(0, 0, 0) == 0)
		return 2;
	if (setgroups(0, NULL) == 0 || getgroups(0, NULL) != 0)
		return 3;
	return getuid() == NOBODY && geteuid() == NOBODY &&
		getgid() == NOBODY && getegid() == NOBODY ?
	    0 :
	    4;
}

static int
regain_capabilities(void)
{
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	memset(data, 0xff, sizeof(data));
	if (syscall(SYS_capget, &header, data) != 0)
		return 1;
	for (int i = 0; i < 2; i++)
		if (data[i].effective != 0 || data[i].permitted != 0 ||
		    data[i].inheritable != 0)
			return 2;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			return 3;
	data[0].effective = data[0].permitted = 1u << CAP_SETUID;
	if (syscall(SYS_capset, &header, data) == 0)
		return 4;
	return 0;
}

static int
look_around(void)
{
	struct stat st;

	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != ENOENT)
		return 1;
	if (open("/file", O_CREAT | O_WRONLY, 0600) >= 0)
		return 2;
	/* The way out of a chroot that needs root, and the one that does not.
	 */
	if (chroot(".") == 0 || (chdir("..") == 0 && stat("etc", &st) == 0))
		return 3;
	if (unshare(CLONE_NEWNS) == 0)
		return 4;
	return 0;
}

static int
be_quiet(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	/* Nothing of it may be traced or read by its own uid. */
	return kill(1, 0) == 0 ? 3 : 0;
}

START_TEST(root_cannot_be_regained)
{
	static int (*const tries[])(void) = {
	    regain_ids, regain_capabilities, look_around, be_quiet};
	static const enum role roles[] = {ROLE_WORKERS, ROLE_KEYHOLDER};

	make_empty();
	ck_assert_int_eq(dropped(roles[_i / 4], tries[_i % 4]), 0);
	remove_empty();
}
END_TEST

static int
fine(void)
{
	return 0;
}

START_TEST(a_root_directory_that_is_not_empty_is_refused)
{
	char path[128];
	int fd;

	make_empty();
	snprintf(path, sizeof(path), "%s/file", empty);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(dropped(ROLE_WORKERS, fine), EXIT_FAILED);
	remove_empty();
}
END_TEST

START_TEST(a_root_directory_that_others_write_is_refused)
{
	make_empty();
	ck_assert_int_eq(chmod(empty, 0775), 0);
	ck_assert_int_eq(dropped(ROLE_WORKERS, fine), EXIT_FAILED);
	ck_assert_int_eq(chmod(empty, 0757), 0);
	ck_assert_int_eq(dropped(ROLE_WORKERS, fine), EXIT_FAILED);
	ck_assert_int_eq(chmod(empty, 0755), 0);
	ck_assert_int_eq(chown(empty, NOBODY, NOBODY), 0);
	ck_assert_int_eq(dropped(ROLE_WORKERS, fine), EXIT_FAILED);
	ck_assert_int_eq(chown(empty, 0, 0), 0);
	ck_assert_int_eq(dropped(ROLE_WORKERS, fine), 0);
	remove_empty();
}
END_TEST

START_TEST(a_root_directory_behind_a_link_is_refused)
{
	char link[128], saved[64];

	make_empty();
	snprintf(link, sizeof(link), "%s.link", empty);
	ck_assert_int_eq(symlink(empty, link), 0);
	memcpy(saved, empty, sizeof(saved));
	snprintf(empty, sizeof(empty), "%.60s", link);
	ck_assert_int_eq(dropped(ROLE_WORKERS, fine), EXIT_FAILED);
	unlink(link);
	memcpy(empty, saved, sizeof(empty));
	remove_empty();
}
END_TEST

START_TEST(a_role_with_a_user_never_runs_as_root)
{
	make_empty();
	drop_to_role(_i == 0 ? ROLE_WORKERS : ROLE_KEYHOLDER, empty, 0, 0);
}
END_TEST

START_TEST(a_session_becomes_its_user_for_good)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		drop_to_user(NOBODY, NOBODY);
		_exit(setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(an_account_is_read_from_the_file)
{
	uid_t uid = 0;
	gid_t gid = 0;

	ck_assert_int_eq(drop_account("nobody", &uid, &gid), 0);
	ck_assert_uint_eq(uid, NOBODY);
	ck_assert_int_eq(drop_account("root", &uid, &gid), E_DENIED);
	ck_assert_int_eq(
	    drop_account("spt_walltest_no", &uid, &gid), E_NOT_FOUND);
	ck_assert_int_eq(drop_account("", &uid, &gid), E_NOT_FOUND);
}
END_TEST

START_TEST(the_empty_directory_is_made_with_its_parents)
{
	char path[128];
	struct stat st;

	make_empty();
	umask(077);
	snprintf(path, sizeof(path), "%s/file/b", empty);
	ck_assert_int_eq(drop_make_empty(path), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(drop_make_empty(path), 0);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/file", empty);
	rmdir(path);
	remove_empty();
}
END_TEST

/*
 * The kernel as it is with fs.suid_dumpable = 1: a change of the effective
 * user makes the memory dumpable.  Was there a moment when the process was
 * the user's alone and could be traced?
 */
static bool suid_dumpable, exposed;

int
setresuid(uid_t r, uid_t e, uid_t saved)
{
	uid_t before = geteuid();
	int result = (int)syscall(SYS_setresuid, r, e, saved);

	if (!suid_dumpable || result != 0)
		return result;
	if (geteuid() != before)
		prctl(PR_SET_DUMPABLE, 1);
	if (r == NOBODY && e == NOBODY && saved == NOBODY &&
	    prctl(PR_GET_DUMPABLE) != 0)
		exposed = true;
	return result;
}

START_TEST(nobody_can_trace_a_process_that_drops)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		suid_dumpable = true;
		if (_i == 0)
			drop_to_user(NOBODY, NOBODY);
		else
			drop_to_role(ROLE_SESSION, NULL, NOBODY, NOBODY);
		_exit(exposed ? 1 : prctl(PR_GET_DUMPABLE) != 0 ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

Suite *
suite_drop(void)
{
	Suite *s = suite_create("drop");
	TCase *t = tcase_create("drop");

	suite_add_tcase(s, t);
	tcase_add_test(t, an_account_is_read_from_the_file);
	if (geteuid() != 0)
		return s; /* the rest gives up what only root has */
	tcase_add_loop_test(t, root_cannot_be_regained, 0, 8);
	tcase_add_test(t, a_root_directory_that_is_not_empty_is_refused);
	tcase_add_test(t, a_root_directory_that_others_write_is_refused);
	tcase_add_test(t, a_root_directory_behind_a_link_is_refused);
	tcase_add_loop_test_raise_signal(
	    t, a_role_with_a_user_never_runs_as_root, SIGABRT, 0, 2);
	tcase_add_loop_test(t, nobody_can_trace_a_process_that_drops, 0, 2);
	tcase_add_test(t, a_session_becomes_its_user_for_good);
	tcase_add_test(t, the_empty_directory_is_made_with_its_parents);
	return s;
}
