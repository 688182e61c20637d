/*
 * Nothing stays of what a module does to the process.  In load() it is
 * refused, in a call it is taken back, and what it leaves running is told,
 * gets no socket of the connection, and ends with it.
 */
#include "daemon/helper/helper.h"
#include "daemon/monitor/auth.h"
#include "lib/err.h"
#include "privsep/offspring.h"
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A deed of load(), and the words of the refusal. */
static const struct {
	const char *deed, *says;
} loads[] = {
    {"umask", "changed the umask"},
    {"limit", "changed resource limit"},
    {"chdir", "changed the directory"},
    {"setenv", "changed the environment: LD_PRELOAD"},
    {"unsetenv", "changed the environment: PATH"},
    {"ignore", "changed what signal 12 does"},
    {"block", "changed whether signal 15 is blocked"},
    {"stdin", "replaced descriptor 0"},
    {"high", "left open a descriptor above"},
    {"child", "left a child process"},
    {"daemon", "left a child process"},
    {"timer", "changed the interval timers"},
    {"nice", "changed the priority"},
    {"egid", "changed the group"},
    {"parent", "changed the parent's death signal"},
    {"privileges", "changed the privileges"},
    {"namespace", "changed the host name's namespace"},
};
#define LOADS ((int)(sizeof(loads) / sizeof(loads[0])))

static int
load_that(const char *deed, struct hosted *h, struct problems *problems)
{
	static char call[] = "call", at[] = "at", load[] = "load";
	char wish[32], name[] = "it", file[] = "module_hostile";
	struct pair pairs[2] = {
	    {call, wish, {"/etc/t.conf", 7}}, {at, load, {"/etc/t.conf", 8}}};
	struct module_settings s = {.name = name,
	    .file = file,
	    .origin = {"/etc/t.conf", 3},
	    .options = {pairs, 2}};

	snprintf(wish, sizeof(wish), "%s", deed);
	return fake_load(&s, NULL, h, problems);
}

START_TEST(a_load_that_changes_the_process_is_refused)
{
	struct problems problems = {0};
	struct hosted h = {0};

	setenv("PATH", "/bin", 1);
	ck_assert_int_eq(load_that(loads[_i].deed, &h, &problems), E_VALUE);
	ck_assert_uint_eq(problems.errors, 1);
	ck_assert_msg(
	    strstr(problems.items[0].text, "module it: its load ") != NULL &&
		strstr(problems.items[0].text, loads[_i].says) != NULL,
	    "%s", problems.items[0].text);
	ck_assert_uint_eq(problems.items[0].line, 3);
	ck_assert(!offspring_exist());
	problems_free(&problems);
}
END_TEST

START_TEST(a_load_that_changes_nothing_is_not)
{
	struct problems problems = {0};
	struct hosted h = {0};

	ck_assert_int_eq(load_that("nothing", &h, &problems), 0);
	host_unload_one(&h);
}
END_TEST

static struct fake f;

static void
start(const char *deed, const char *at)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "module_directory = \"%s\";\n"
	    "deadlines = { failure_delay = 1; };\n"
	    "records = { btmp = false; };\n"
	    "modules = ( { name = \"hostile\"; file = \"module_hostile\";"
	    " options = { call = \"%s\"; at = \"%s\"; }; } );\n"
	    "rules = ( { name = \"all\"; match = { user = \"daemon\"; };"
	    " methods = [ \"password\" ]; } );\n",
	    fake_modules(), deed, at);
	fake_start(&f, text);
}

static const char *const calls[] = {"begin", "authenticate", "account"};
static const char *const deeds[] = {
    "umask", "limit", "chdir", "timer", "nothing"};

START_TEST(what_a_call_changes_is_taken_back)
{
	struct rlimit limit, now;
	char here[256];
	struct itimerval timer;

	umask(027);
	ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &limit), 0);
	start(deeds[_i % 5], calls[_i / 5]);
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in);
	ck_assert_uint_eq(umask(027), 027);
	ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &now), 0);
	ck_assert_uint_eq(limit.rlim_cur, now.rlim_cur);
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_str_eq(here, "/");
	ck_assert_int_eq(getitimer(ITIMER_REAL, &timer), 0);
	ck_assert_int_eq(timer.it_value.tv_sec, 0);
	fake_end(&f);
}
END_TEST

/* The session starts with the changes of open_session(). */
START_TEST(what_open_session_changes_stays_until_it_runs)
{
	const char *text;

	umask(027);
	start("umask", "open_session");
	fake_password(&f, "daemon", "x");
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(auth_open_session(&f.m, NULL, &text), 0);
	ck_assert_uint_eq(umask(027), 0);
	fake_end(&f);
}
END_TEST

static int
child_of_module(void)
{
	int *at = dlsym(f.t.modules[0].library, "hostile_child");

	ck_assert_ptr_nonnull(at);
	ck_assert_int_gt(*at, 1);
	return *at;
}

static bool
runs(int pid)
{
	return kill(pid, 0) == 0;
}

static void
soon_gone(int pid)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	for (int i = 0; i < 5000 && runs(pid); i++)
		nanosleep(&ms, NULL);
	ck_assert(!runs(pid));
}

static const char *const ways[] = {"child", "daemon"};

START_TEST(a_process_that_is_left_ends_with_the_connection)
{
	int pid;

	start(ways[_i % 2], calls[_i / 2]);
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in);
	pid = child_of_module();
	ck_assert(runs(pid));
	ck_assert_uint_eq(f.m.auth->left_count, 1);
	auth_close(&f.m);
	soon_gone(pid);
	fake_end(&f);
}
END_TEST

/* "socket:[4711]" of this process's descriptor. */
static void
name_of(int pid, int fd, char *name, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, name, size - 1);
	name[n < 0 ? 0 : n] = '\0';
}

START_TEST(a_child_gets_no_socket_of_the_connection)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	int fds[2], pid;
	char own[64], its[64];

	ck_assert_int_eq(wall_pair(fds), 0);
	start(ways[_i], "authenticate");
	f.m.keyholder.fd = fds[0];
	f.m.client_fd = fds[1];
	fake_password(&f, "daemon", "x");
	pid = child_of_module();
	for (int i = 0; i < 2; i++) {
		name_of(getpid(), fds[i], own, sizeof(own));
		name_of(pid, fds[i], its, sizeof(its));
		ck_assert_str_ne(own, "");
		/* It may not have come so far. */
		for (int k = 0; k < 5000 && strcmp(own, its) == 0; k++) {
			nanosleep(&ms, NULL);
			name_of(pid, fds[i], its, sizeof(its));
		}
		ck_assert_str_ne(own, its);
	}
	f.m.keyholder.fd = f.m.client_fd = -1;
	auth_close(&f.m);
	fake_end(&f);
}
END_TEST

/* Its parent ended before the helper could ask to be killed with it. */
START_TEST(a_helper_without_its_parent_ends)
{
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(wall_pair(ends), 0);
	if (_i == 0)
		close(ends[1]);
	if ((pid = fork()) == 0) {
		helper_confine(ends[0]);
		_exit(77);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), _i == 0 ? EXIT_FAILED : 77);
	close(ends[0]);
	if (_i != 0)
		close(ends[1]);
}
END_TEST

Suite *
suite_isolation(void)
{
	Suite *s = suite_create("isolation");
	TCase *t;

	if (geteuid() != 0)
		return s;
	t = tcase_create("isolation");
	tcase_set_timeout(t, 20);
	tcase_add_loop_test(
	    t, a_load_that_changes_the_process_is_refused, 0, LOADS);
	tcase_add_test(t, a_load_that_changes_nothing_is_not);
	tcase_add_loop_test(t, what_a_call_changes_is_taken_back, 0, 15);
	tcase_add_test(t, what_open_session_changes_stays_until_it_runs);
	tcase_add_loop_test(
	    t, a_process_that_is_left_ends_with_the_connection, 0, 6);
	tcase_add_loop_test(t, a_child_gets_no_socket_of_the_connection, 0, 2);
	tcase_add_loop_test(t, a_helper_without_its_parent_ends, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
