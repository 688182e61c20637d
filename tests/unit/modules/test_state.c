/*
 * The files that a module keeps between connections.
 */
#include "daemon/monitor/auth.h"
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fake f;
static char root[256];

static void
setup(void)
{
	snprintf(
	    root, sizeof(root), "%s/state.%d", fake_modules(), (int)getpid());
	host_state_root(root);
}

/* The host's answer to one call in authenticate(). */
static int
call(const char *wish, const char *text)
{
	char config[2048];
	int result;

	snprintf(config, sizeof(config),
	    "module_directory = \"%s\";\n"
	    "deadlines = { failure_delay = 1; };\n"
	    "records = { btmp = false; };\n"
	    "modules = ( { name = \"mine\"; file = \"module_hostile\";"
	    " options = { call = \"%s\"; at = \"authenticate\"; text = \"%s\"; "
	    "}; } );\n"
	    "rules = ( { name = \"all\"; match = { user = \"daemon\"; };"
	    " methods = [ \"password\" ]; } );\n",
	    fake_modules(), wish, text);
	fake_start(&f, config);
	fake_password(&f, "daemon", "x");
	result = *(int *)dlsym(f.t.modules[0].library, "hostile_result");
	fake_end(&f);
	return result;
}

START_TEST(a_state_outlives_the_connection)
{
	struct stat st;
	char path[512];

	for (int i = 1; i <= 3; i++)
		ck_assert_int_eq(call("count", "x"), i);
	snprintf(path, sizeof(path), "%s/mine/the%%2Fcount", root);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	snprintf(path, sizeof(path), "%s/mine", root);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

/* Connections at the same time: none reads what another is about to write. */
START_TEST(no_two_connections_have_it_at_once)
{
	enum { PROCESSES = 4, TIMES = 10 };
	pid_t pids[PROCESSES];
	int status;

	for (int i = 0; i < PROCESSES; i++)
		if ((pids[i] = fork()) == 0) {
			for (int k = 0; k < TIMES; k++)
				if (call("count", "x") < 1)
					_exit(1);
			_exit(0);
		}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(call("count", "x"), PROCESSES * TIMES + 1);
}
END_TEST

static const struct {
	const char *name, *file; /* NULL: refused */
} names[] = {{"alice", "alice"}, {"../../etc/passwd", "%2E./..%2Fetc"},
    {".lock", "%2Elock"}, {"a b%c", "a%20b%25c"}, {"a@b-c.d", "a@b-c.d"}};

START_TEST(a_name_is_one_file_in_the_module_s_directory)
{
	char path[512];
	struct stat st;

	ck_assert_int_eq(call("state_write", names[_i].name), SALLYPORT_OK);
	snprintf(path, sizeof(path), "%s/mine/%s", root,
	    _i == 1 ? "%2E.%2F..%2Fetc%2Fpasswd" : names[_i].file);
	ck_assert_int_eq(stat(path, &st), 0);
}
END_TEST

START_TEST(a_directory_of_others_is_not_used)
{
	char path[512];

	ck_assert_int_eq(mkdir(root, 0755), 0);
	snprintf(path, sizeof(path), "%s/mine", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	if (_i == 0)
		ck_assert_int_eq(chmod(path, 0777), 0);
	else if (_i == 1)
		ck_assert_int_eq(chown(path, 1, 1), 0);
	else
		ck_assert_int_eq(
		    rmdir(path) | symlink(fake_modules(), path), 0);
	ck_assert_int_eq(call("state_write", "x"), SALLYPORT_SYSTEM);
}
END_TEST

Suite *
suite_state(void)
{
	Suite *s = suite_create("state");
	TCase *t;

	if (geteuid() != 0)
		return s;
	t = tcase_create("state");
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_state_outlives_the_connection);
	tcase_add_test(t, no_two_connections_have_it_at_once);
	tcase_add_loop_test(t, a_name_is_one_file_in_the_module_s_directory, 0,
	    (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_loop_test(t, a_directory_of_others_is_not_used, 0, 3);
	suite_add_tcase(s, t);
	return s;
}
