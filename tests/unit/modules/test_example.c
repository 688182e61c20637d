/*
 * The examples, loaded by the host from where test_examples.sh built them.
 */
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fake f;

static void
start(const char *name, const char *options, const char *method)
{
	char text[4096];

	snprintf(text, sizeof(text),
	    "module_directory = \"%s\";\n"
	    "deadlines = { failure_delay = 1; };\n"
	    "records = { btmp = false; };\n"
	    "modules = ( { name = \"%s\"; options = { %s }; } );\n"
	    "rules = ( { name = \"all\"; match = { user = \"daemon\"; };"
	    " methods = [ \"%s\" ]; } );\n",
	    getenv("EXAMPLES"), name, options, method);
	fake_start(&f, text);
}

START_TEST(a_code_from_the_list_lets_in)
{
	char options[256], path[128];
	FILE *list;

	snprintf(path, sizeof(path), "%s/codes", getenv("EXAMPLES"));
	list = fopen(path, "w");
	ck_assert_ptr_nonnull(list);
	fputs("bin 1111\ndaemon 2222\n", list);
	fclose(list);
	chmod(path, 0600);
	snprintf(options, sizeof(options), "codes = \"%s\";", path);
	start("example", options, "keyboard-interactive");
	fake_reply(&f, ANSWERS, "1111", NULL, NULL);
	fake_reply(&f, ANSWERS, "2222", NULL, NULL);
	fake_kbdint(&f, "daemon");
	ck_assert(!f.logged_in);
	ck_assert_str_eq(f.sent[0].prompts, "*Code: \n");
	fake_kbdint(&f, "daemon");
	ck_assert(f.logged_in);
	fake_end(&f);
}
END_TEST

/* A service that says yes to the password "right", and hangs on "hang". */
static pid_t
serve(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	ck_assert_int_eq(
	    bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	pid = fork();
	if (pid != 0) {
		close(listener);
		return pid;
	}
	alarm(20);
	for (;;) {
		char question[512] = "";
		int fd = accept(listener, NULL, NULL);
		size_t used = 0;

		while (used + 1 < sizeof(question) &&
		    strstr(question, "right") == NULL &&
		    strstr(question, "wrong") == NULL &&
		    strstr(question, "hang") == NULL &&
		    strncmp(question, "account daemon 192.0.2.7\n", 25) != 0 &&
		    read(fd, &question[used], 1) == 1)
			question[++used] = '\0';
		if (strstr(question, "hang") != NULL)
			pause();
		(void)!write(fd,
		    strstr(question, "wrong") == NULL ? "yes\n" : "no wrong\n",
		    strstr(question, "wrong") == NULL ? 4 : 9);
		close(fd);
	}
}

static const struct {
	const char *password;
	bool in;
} services[] = {{"right", true}, {"wrong", false}, {"hang", false}};

START_TEST(a_service_on_a_socket_decides_within_its_deadline)
{
	char options[256], path[100];
	uint64_t began = auth_clock();
	pid_t pid;

	snprintf(path, sizeof(path), "%s/sock%d", getenv("EXAMPLES"), _i);
	pid = serve(path);
	snprintf(
	    options, sizeof(options), "socket = \"%s\"; deadline = 1;", path);
	start("example_socket", options, "password");
	fake_password(&f, "daemon", services[_i].password);
	ck_assert(f.logged_in == services[_i].in);
	ck_assert_uint_lt(auth_clock() - began, 3000000);
	fake_end(&f);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

Suite *
suite_example(void)
{
	Suite *s = suite_create("example");
	TCase *t;

	if (getenv("EXAMPLES") == NULL)
		return s;
	t = tcase_create("example");
	tcase_set_timeout(t, 20);
	tcase_add_test(t, a_code_from_the_list_lets_in);
	tcase_add_loop_test(
	    t, a_service_on_a_socket_decides_within_its_deadline, 0, 3);
	suite_add_tcase(s, t);
	return s;
}
