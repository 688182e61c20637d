/*
 * The monitor's children: what they may see, and that they end.
 */
#include "privsep/errand_run.h"
#include "privsep/leftovers.h"
#include "privsep/light_child.h"
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char *output;
static size_t len;
static int status;
static char why[512];

static int
run(const char *script, uint32_t deadline, uint32_t max)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	const struct sallyport_command command = {.size = sizeof(command),
	    .argv = argv,
	    .uid = 65534,
	    .gid = 65534,
	    .deadline = deadline,
	    .output_max = max};

	return errand_run(
	    &command, 65534, &output, &len, &status, why, sizeof(why));
}

START_TEST(a_programs_output_and_status_come_back)
{
	ck_assert_int_eq(
	    run("printf 'a\\nb'; exit 7", 5000, 100), SALLYPORT_OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_str_eq(output, "a\nb");
	ck_assert_int_eq(status, 7);
	free(output);
	ck_assert_int_eq(run("kill -9 $$", 5000, 100), SALLYPORT_OK);
	ck_assert_int_eq(status, 256 + 9);
	free(output);
}
END_TEST

START_TEST(a_program_has_no_rights_and_no_descriptors)
{
	int fd = open("/dev/null", O_RDONLY); /* not even close-on-exec */

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(run("id -u; id -G; ls /proc/self/fd | wc -l; "
			     "cat /etc/shadow 2>/dev/null; env | sort; pwd",
			     5000, 4096),
	    SALLYPORT_OK);
	/* 0, 1, 2, and the directory that ls reads */
	ck_assert_str_eq(output,
	    "65534\n65534\n4\n"
	    "PATH=/usr/local/bin:/usr/bin:/bin\nPWD=/\n/\n");
	free(output);
	close(fd);
}
END_TEST

START_TEST(a_program_that_hangs_is_killed_with_what_it_started)
{
	uint64_t began = auth_clock();
	char path[128];

	snprintf(path, sizeof(path), "%s/alive", fake_modules());
	ck_assert_int_eq(
	    run("sleep 61 & sleep 61", 300, 100), SALLYPORT_TIMEOUT);
	ck_assert_uint_lt(auth_clock() - began, 2000000);
	ck_assert_ptr_null(output);
	usleep(100000);
	ck_assert_int_ne(
	    system("pgrep -u 65534 -f '^sleep 61$' >/dev/null"), 0);
}
END_TEST

START_TEST(a_program_that_prints_too_much_is_killed)
{
	ck_assert_int_eq(run("yes", 5000, 10000), SALLYPORT_TOO_LARGE);
	ck_assert_ptr_null(output);
}
END_TEST

START_TEST(a_program_must_be_roots_and_not_run_as_root)
{
	char path[256];
	const char *argv[] = {path, NULL};
	struct sallyport_command command = {.size = sizeof(command),
	    .argv = argv,
	    .uid = 65534,
	    .gid = 65534,
	    .deadline = 1000,
	    .output_max = 10};

	snprintf(path, sizeof(path), "%s/program", fake_modules());
	fake_copy("/bin/true", path);
	chmod(path, 0777);
	ck_assert_int_eq(errand_run(&command, 65534, &output, &len, &status,
			     why, sizeof(why)),
	    SALLYPORT_PERMISSIONS);
	chmod(path, 0755);
	ck_assert_int_eq(errand_run(&command, 65534, &output, &len, &status,
			     why, sizeof(why)),
	    SALLYPORT_OK);
	free(output);
	command.uid = 0;
	ck_assert_int_eq(errand_run(&command, 65534, &output, &len, &status,
			     why, sizeof(why)),
	    SALLYPORT_PERMISSIONS);
	unlink(path);
}
END_TEST

static const struct errand_as nobody = {
    .uid = 65534, .gid = 65534, .whose = 65534};

START_TEST(a_file_is_opened_as_the_user)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/file", fake_modules());
	close(open(path, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_ne(
	    errand_open(&nobody, path, NULL, 100, 2000, &fd, why, sizeof(why)),
	    SALLYPORT_OK);
	ck_assert_int_eq(fd, -1);
	chmod(path, 0644);
	ck_assert_int_eq(
	    errand_open(&nobody, path, NULL, 100, 2000, &fd, why, sizeof(why)),
	    SALLYPORT_OK);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
	ck_assert_int_eq(
	    errand_open(&nobody, path, NULL, 100, 2000, &fd, why, sizeof(why)),
	    SALLYPORT_NOT_FOUND);
}
END_TEST

/* close() of a descriptor on a dead file server may never return to root. */
START_TEST(no_descriptor_of_a_users_file_reaches_root)
{
	char path[256], text[64] = "";
	struct stat file, memory;
	int fd;

	snprintf(path, sizeof(path), "%s/file", fake_modules());
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	ck_assert_int_eq(write(fd, "what it says\n", 13), 13);
	ck_assert_int_eq(fstat(fd, &file), 0);
	close(fd);
	ck_assert_int_eq(
	    errand_open(&nobody, path, NULL, 13, 2000, &fd, why, sizeof(why)),
	    SALLYPORT_OK);
	ck_assert_int_eq(fstat(fd, &memory), 0);
	ck_assert(file.st_dev != memory.st_dev || file.st_ino != memory.st_ino);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 13);
	ck_assert_str_eq(text, "what it says\n");
	ck_assert_int_eq(write(fd, "x", 1), -1);
	close(fd);
	ck_assert_int_eq(
	    errand_open(&nobody, path, NULL, 12, 2000, &fd, why, sizeof(why)),
	    SALLYPORT_TOO_LARGE);
	ck_assert_int_eq(fd, -1);
	unlink(path);
}
END_TEST

static struct leftover *table;

/* As monitors have it: shared with those they fork. */
static void
begin_counting(void)
{
	table = mmap(NULL, LEFTOVERS_MAX * sizeof(*table),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(table, MAP_FAILED);
	leftovers_use(table);
}

static void
end_counting(void)
{
	leftovers_use(NULL);
	munmap(table, LEFTOVERS_MAX * sizeof(*table));
}

static pid_t
forever(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A child that was given up, in our own table. */
static pid_t
leave_behind(uid_t uid)
{
	struct leftover_place place;
	pid_t pid = forever();

	ck_assert(leftovers_enter(uid, LEFTOVERS_AT_ONCE, 0, &place));
	leftovers_child(&place, pid);
	leftovers_give_up(&place);
	return pid;
}

static bool
may_enter(uid_t uid)
{
	struct leftover_place place;
	bool may = leftovers_enter(uid, LEFTOVERS_AT_ONCE, 0, &place);

	leftovers_leave(&place);
	return may;
}

START_TEST(children_that_are_left_are_counted_and_bounded)
{
	pid_t pids[LEFTOVERS_PER_USER];
	size_t users;
	uid_t uid;
	int fd;

	begin_counting();
	for (unsigned i = 0; i < LEFTOVERS_PER_USER; i++) {
		pids[i] = leave_behind(65534);
		ck_assert_uint_eq(leftovers_count(table, &users), i + 1);
	}
	ck_assert_uint_eq(users, 1);
	ck_assert(!may_enter(65534));
	ck_assert(may_enter(65533));
	/* Told once, however many. */
	ck_assert(leftovers_untold(table, &uid));
	ck_assert_uint_eq(uid, 65534);
	ck_assert(!leftovers_untold(table, &uid));
	/* No child is sent any more, whatever it would look at. */
	ck_assert_int_eq(errand_open(&nobody, "/etc/passwd", NULL, 1 << 20,
			     2000, &fd, why, sizeof(why)),
	    SALLYPORT_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(why, "still wait"));
	ck_assert_int_eq(
	    errand_ask(&nobody, ERRAND_IS_THERE, "/etc/passwd", 2000, pids),
	    SALLYPORT_STATE);
	ck_assert_int_eq(run("true", 2000, 100), SALLYPORT_TIMEOUT);
	/* One that has ended, and its number given to another process. */
	end(pids[0]);
	ck_assert(may_enter(65534));
	table[1].who += UINT64_C(1) << 32;
	ck_assert_uint_eq(
	    leftovers_count(table, &users), LEFTOVERS_PER_USER - 2);
	for (unsigned i = 1; i < LEFTOVERS_PER_USER; i++)
		end(pids[i]);
	ck_assert_uint_eq(leftovers_count(table, &users), 0);
	/* Again, once they have all ended. */
	pids[0] = leave_behind(65534);
	ck_assert(leftovers_untold(table, &uid));
	end(pids[0]);
	ck_assert_uint_eq(leftovers_count(table, &users), 0);
	end_counting();
}
END_TEST

/* Many that begin before the first has been given up. */
START_TEST(children_at_work_are_bounded_too)
{
	struct leftover_place places[LEFTOVERS_AT_ONCE], other;
	size_t users;
	pid_t pid;

	begin_counting();
	for (unsigned i = 0; i < LEFTOVERS_AT_ONCE; i++)
		ck_assert(leftovers_enter(
		    65534, LEFTOVERS_AT_ONCE, 5000, &places[i]));
	ck_assert_uint_eq(leftovers_count(table, &users), 0);
	ck_assert(!may_enter(65534));
	ck_assert(may_enter(65533));
	/* Programs do not hold our memory. */
	ck_assert(leftovers_enter(65534, 0, 0, &other));
	leftovers_leave(&other);
	/* It is waited for one of them to end. */
	if ((pid = fork()) == 0) {
		usleep(200000);
		leftovers_leave(&places[3]);
		_exit(0);
	}
	ck_assert(leftovers_enter(65534, LEFTOVERS_AT_ONCE, 10000, &other));
	waitpid(pid, NULL, 0);
	leftovers_leave(&other);
	for (unsigned i = 0; i < LEFTOVERS_AT_ONCE; i++)
		if (i != 3)
			leftovers_leave(&places[i]);
	end_counting();
}
END_TEST

/* A monitor that was killed in the middle gives nothing up. */
START_TEST(children_of_a_monitor_that_was_killed_are_counted)
{
	struct leftover_place place;
	size_t users;
	int pipes[2], result;
	pid_t sender, child;

	ck_assert_int_eq(pipe(pipes), 0);
	begin_counting();
	if ((sender = fork()) == 0) {
		child = forever();
		if (!leftovers_enter(65534, LEFTOVERS_AT_ONCE, 0, &place))
			_exit(1);
		leftovers_child(&place, child);
		if (write(pipes[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		pause();
	}
	ck_assert_int_eq(read(pipes[0], &child, sizeof(child)), sizeof(child));
	end(sender);
	ck_assert_uint_eq(leftovers_count(table, &users), 0);
	usleep(1100000); /* its deadline, and the grace */
	ck_assert_uint_eq(leftovers_count(table, &users), 1);
	kill(child, SIGKILL);
	for (result = 0; result < 100 && leftovers_count(table, &users) != 0;
	     result++)
		usleep(20000);
	ck_assert_uint_eq(leftovers_count(table, &users), 0);
	end_counting();
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

#define ASK(question, path) errand_ask(&nobody, question, path, 2000, &pid)

/* Answers, each as the user. */
START_TEST(questions_about_files_are_answered)
{
	char path[256];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/asked", fake_modules());
	ck_assert_int_eq(ASK(ERRAND_IS_PROGRAM, path), SALLYPORT_NOT_FOUND);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	ck_assert_int_eq(ASK(ERRAND_IS_THERE, path), SALLYPORT_OK);
	ck_assert_int_eq(ASK(ERRAND_IS_PROGRAM, path), SALLYPORT_PERMISSIONS);
	chmod(path, 0755);
	ck_assert_int_eq(ASK(ERRAND_IS_PROGRAM, path), SALLYPORT_OK);
	ck_assert_int_eq(ASK(ERRAND_IS_PROGRAM, "/"), SALLYPORT_PERMISSIONS);
	/* No child for the system's own; but for what only looks so. */
	pid = 0;
	ck_assert_int_eq(ASK(ERRAND_IS_PROGRAM, "/bin/sh"), SALLYPORT_OK);
	ck_assert_int_eq(pid, 0);
	(void)ASK(ERRAND_IS_PROGRAM, "/bin/../home/sh");
	ck_assert_int_ne(pid, 0);
	/* Root's directory. */
	ck_assert_int_eq(ASK(ERRAND_REMOVE, path), SALLYPORT_PERMISSIONS);
	ck_assert_int_eq(access(path, F_OK), 0);
	unlink(path);
	ck_assert_int_eq(ASK(ERRAND_REMOVE, path), SALLYPORT_NOT_FOUND);
}
END_TEST

START_TEST(a_link_to_a_file_of_others_opens_nothing)
{
	char home[200], path[256];
	int fd;

	snprintf(home, sizeof(home), "%s/home", fake_modules());
	snprintf(path, sizeof(path), "%s/link", home);
	ck_assert_int_eq(mkdir(home, 0755), 0);
	ck_assert_int_eq(chown(home, 65534, 65534), 0);
	ck_assert_int_eq(symlink("/etc/shadow", path), 0);
	ck_assert_int_ne(errand_open(&nobody, path, home, 10000, 2000, &fd, why,
			     sizeof(why)),
	    SALLYPORT_OK);
	ck_assert_int_eq(fd, -1);
	unlink(path);
	/* A fifo neither blocks nor counts as a file. */
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	ck_assert_int_eq(errand_open(&nobody, path, home, 10000, 2000, &fd, why,
			     sizeof(why)),
	    SALLYPORT_SYSTEM);
	unlink(path);
	rmdir(home);
}
END_TEST

/* It shares our memory, and nothing else. */
START_TEST(an_errand_changes_nothing_of_its_sender)
{
	struct rlimit cores, cores_after;
	char path[256], here[256], after[256];
	sigset_t mask;
	int fd;

	snprintf(path, sizeof(path), "%s/file", fake_modules());
	close(open(path, O_CREAT | O_WRONLY, 0644));
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &cores), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	umask(027);
	ck_assert_int_eq(
	    errand_open(&nobody, path, NULL, 100, 2000, &fd, why, sizeof(why)),
	    SALLYPORT_OK);
	close(fd);
	ck_assert_int_eq(run("true", 5000, 100), SALLYPORT_OK);
	free(output);
	ck_assert_uint_eq(getuid(), 0);
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_uint_eq(getegid(), 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
	ck_assert_uint_eq(umask(022), 027);
	ck_assert_ptr_nonnull(getcwd(after, sizeof(after)));
	ck_assert_str_eq(here, after);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &cores_after), 0);
	ck_assert_uint_eq(cores.rlim_cur, cores_after.rlim_cur);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	ck_assert_int_eq(sigismember(&mask, SIGTERM), 0);
	unlink(path);
}
END_TEST

struct peek {
	volatile int seen; /* by the child, in our memory */
	int wait_for; /* a descriptor that never says anything */
};

static int
peek(void *arg)
{
	struct peek *p = arg;
	char c;

	p->seen = 1;
	return read(p->wait_for, &c, 1) == 1 ? 0 : 7;
}

START_TEST(a_light_child_is_ended_at_its_time)
{
	struct peek p = {0, -1};
	struct light_child child;
	int pipes[2], result;

	/* Ends by itself, long before. */
	ck_assert_int_eq(light_child_start(&child, peek, &p), 0);
	light_child_end(&child, 5000, false, &result);
	ck_assert_int_eq(p.seen, 1);
	ck_assert(WIFEXITED(result) && WEXITSTATUS(result) == 7);
	/* Never. */
	ck_assert_int_eq(pipe(pipes), 0);
	p = (struct peek){0, pipes[0]};
	ck_assert_int_eq(light_child_start(&child, peek, &p), 0);
	light_child_end(&child, 50, false, &result);
	ck_assert_int_eq(p.seen, 1);
	ck_assert(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

/* The user may signal the child: all signals but SIGKILL wait. */
START_TEST(no_handler_of_ours_runs_in_a_light_child)
{
	struct light_child child;
	int pipes[2], result;
	struct peek p;

	ck_assert_int_eq(pipe(pipes), 0);
	p = (struct peek){0, pipes[0]};
	ck_assert_int_eq(light_child_start(&child, peek, &p), 0);
	ck_assert_int_eq(kill(child.pid, SIGSEGV), 0);
	ck_assert_int_eq(kill(child.pid, SIGTERM), 0);
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	light_child_end(&child, 5000, false, &result);
	ck_assert(WIFEXITED(result) && WEXITSTATUS(result) == 0);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

static pid_t owner;
static volatile sig_atomic_t strange; /* runs of on_33 in another process */

static void
on_33(int number)
{
	(void)number;
	if (getpid() != owner)
		strange = 1;
}

/* libc has a handler of its own there, once a module has threads. */
START_TEST(no_handler_of_libc_s_runs_before_a_program)
{
	struct sigaction action = {.sa_handler = on_33};
	uint64_t kernels[8]; /* its struct sigaction */
	pid_t storm;

	owner = getpid();
	ck_assert_int_eq(setpgid(0, 0), 0);
	ck_assert_int_eq(sigaction(SIGUSR2, &action, NULL), 0);
	(void)syscall(SYS_rt_sigaction, SIGUSR2, NULL, kernels, 8);
	ck_assert_int_eq(syscall(SYS_rt_sigaction, 33, kernels, NULL, 8), 0);
	/* With pauses: a storm without any leaves the child no time to run. */
	if ((storm = fork()) == 0)
		for (;;) {
			kill(0, 33);
			usleep(20);
		}
	/* Until it leaves our group the child gets its share. */
	for (int i = 0; i < 20 && !strange; i++, free(output))
		ck_assert_int_eq(run("exit 0", 25000, 100), SALLYPORT_OK);
	end(storm);
	ck_assert(!strange);
}
END_TEST

static void
do_nothing(int number)
{
	(void)number;
}

/* A module's, that come while we wait: neither early nor late for that. */
START_TEST(signals_do_not_end_an_errand)
{
	struct sigaction action = {.sa_handler = do_nothing}, before;
	struct itimerval often = {{0, 3000}, {0, 3000}},
			 never = {{0, 0}, {0, 0}};

	ck_assert_int_eq(sigaction(SIGALRM, &action, &before), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	/* It has closed its output; its status is still to come. */
	ck_assert_int_eq(
	    run("exec >&-; sleep 0.2; exit 7", 10000, 100), SALLYPORT_OK);
	ck_assert_int_eq(status, 7);
	free(output);
	ck_assert_int_eq(run("sleep 5", 200, 100), SALLYPORT_TIMEOUT);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	ck_assert_int_eq(sigaction(SIGALRM, &before, NULL), 0);
}
END_TEST

Suite *
suite_errand(void)
{
	Suite *s = suite_create("errand");
	TCase *t;

	if (geteuid() != 0)
		return s;
	t = tcase_create("child");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_programs_output_and_status_come_back);
	tcase_add_test(t, a_program_has_no_rights_and_no_descriptors);
	tcase_add_test(t, a_program_that_hangs_is_killed_with_what_it_started);
	tcase_add_test(t, a_program_that_prints_too_much_is_killed);
	tcase_add_test(t, a_program_must_be_roots_and_not_run_as_root);
	tcase_add_test(t, a_file_is_opened_as_the_user);
	tcase_add_test(t, no_descriptor_of_a_users_file_reaches_root);
	tcase_add_test(t, children_that_are_left_are_counted_and_bounded);
	tcase_add_test(t, children_at_work_are_bounded_too);
	tcase_add_test(t, children_of_a_monitor_that_was_killed_are_counted);
	tcase_add_test(t, questions_about_files_are_answered);
	tcase_add_test(t, a_link_to_a_file_of_others_opens_nothing);
	tcase_add_test(t, an_errand_changes_nothing_of_its_sender);
	tcase_add_test(t, a_light_child_is_ended_at_its_time);
	tcase_add_test(t, no_handler_of_ours_runs_in_a_light_child);
	tcase_add_test(t, no_handler_of_libc_s_runs_before_a_program);
	tcase_add_test(t, signals_do_not_end_an_errand);
	suite_add_tcase(s, t);
	return s;
}
