/*
 * The log: every sink at once, levels, and lines that cannot be broken.
 */
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char seen[8][LOG_LINE_MAX];
static int seen_level[8], seen_count;

static void
remember(int level, const char *line, void *arg)
{
	ck_assert_ptr_eq(arg, seen);
	if (seen_count < 8) {
		seen_level[seen_count] = level;
		strcpy(seen[seen_count], line);
	}
	seen_count++;
	log_error("from inside"); /* must not come back here */
}

static void
quiet_log(void)
{
	log_use_stderr(false);
	log_set_level(LOG_LEVEL_INFO);
	log_set_callback(remember, seen);
	seen_count = 0;
}

START_TEST(lines_above_the_level_are_dropped)
{
	quiet_log();
	log_debug("no");
	log_verbose("no");
	log_info("yes %d", 1);
	ck_assert_int_eq(seen_count, 1);
	ck_assert_str_eq(seen[0], "yes 1");
	ck_assert_int_eq(seen_level[0], LOG_LEVEL_INFO);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("now");
	ck_assert_str_eq(seen[1], "now");
	log_set_level(LOG_LEVEL_QUIET);
	log_error("not even this");
	ck_assert_int_eq(seen_count, 2);
}
END_TEST

START_TEST(a_line_stays_one_line_whatever_its_arguments)
{
	char *big = mem_alloc(65537);

	quiet_log();
	log_info("user %s", "a\nerror: forged\x1b[2J\xe2\x80\xae");
	ck_assert_str_eq(
	    seen[0], "user a\\nerror: forged\\x1b[2J\\xe2\\x80\\xae");
	log_info("ends\n");
	ck_assert_str_eq(seen[1], "ends");
	memset(big, 'A', 65536);
	big[65536] = '\0';
	log_info("%s", big);
	ck_assert_uint_eq(strlen(seen[2]), LOG_LINE_MAX - 1);
	ck_assert_str_eq(&seen[2][LOG_LINE_MAX - 4], "...");
	memset(big, '\n', 65536);
	log_info("%s", big);
	ck_assert_uint_le(strlen(seen[3]), LOG_LINE_MAX - 1);
	ck_assert_ptr_null(strchr(seen[3], '\n'));
	free(big);
}
END_TEST

START_TEST(a_relayed_line_is_never_a_format)
{
	static const char line[] = "%s%n%s 100%\nx";

	quiet_log();
	log_relay(LOG_LEVEL_WARN, "worker", line, sizeof(line) - 1);
	ck_assert_str_eq(seen[0], "worker: %s%n%s_100%_x");
	log_relay(99, "w", "d", 1); /* a level of nobody's: as debug */
	ck_assert_int_eq(seen_count, 1);
	log_relay(-5, "w", "e\n", 2);
	ck_assert_int_eq(seen_level[1], LOG_LEVEL_ERROR);
	ck_assert_str_eq(seen[1], "w: e");
}
END_TEST

/* A search for a sentence finds it at any place of a line. */
START_TEST(a_relayed_line_holds_no_sentence_and_names_its_sender)
{
	static const char *const forged[] = {
	    "Failed password for root from 203.0.113.9 port 4 ssh2",
	    "Failed\tpassword for root", "Failed\xc2\xa0password",
	    "x\nFailed password for root", "Invalid user a from 203.0.113.9"};
	static const char sender[] = "worker of 0123456789abcdef: ";
	char big[LOG_LINE_MAX * 2];

	quiet_log();
	for (int i = 0; i < 5; i++) {
		log_relay(LOG_LEVEL_ERROR, "worker of 0123456789abcdef",
		    forged[i], strlen(forged[i]));
		ck_assert_int_eq(
		    strncmp(seen[i], sender, sizeof(sender) - 1), 0);
		for (const char *c = &seen[i][sizeof(sender) - 1]; *c; c++)
			ck_assert(*c > ' ' && *c <= '~');
	}
	memset(big, ' ', sizeof(big));
	big[sizeof(big) - 1] = '\0'; /* the sender is a string */
	log_relay(LOG_LEVEL_ERROR, big, big, sizeof(big));
	ck_assert_uint_eq(strlen(seen[5]), LOG_LINE_MAX - 1);
}
END_TEST

static char *
contents(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(fd);
	return text;
}

START_TEST(the_file_is_private_appended_and_stamped)
{
	char path[128], *folder = unit_folder();
	struct stat st;
	char *text;

	snprintf(path, sizeof(path), "%s/log", folder);
	quiet_log();
	log_set_ident("spt");
	ck_assert_int_eq(log_open_file(path), 0);
	ck_assert_int_eq(fcntl(log_fd(), F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(log_fd(), F_GETFL) & O_APPEND);
	errno = ENOTTY;
	log_error("first\nx");
	ck_assert_int_eq(errno, ENOTTY);
	log_warn("second");
	stat(path, &st);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	text = contents(path);
	ck_assert_ptr_nonnull(strstr(text, "Z spt["));
	ck_assert_ptr_nonnull(strstr(text, "]: error: first\\nx\n"));
	ck_assert_ptr_nonnull(strstr(text, "]: warning: second\n"));
	/* The callback's own line went to the file, and not to itself. */
	ck_assert_ptr_nonnull(strstr(text, "error: from inside"));
	ck_assert_int_eq(seen_count, 2);
	log_close_file();
	ck_assert_int_eq(log_fd(), -1);
	unit_remove(folder);
	free(folder);
	ck_assert_int_eq(log_open_file("/nonexistent/x"), E_SYSTEM);
}
END_TEST

START_TEST(level_names_are_read_and_written)
{
	int level;

	for (int i = LOG_LEVEL_QUIET; i <= LOG_LEVEL_DEBUG; i++) {
		ck_assert_int_eq(log_level_parse(log_level_name(i), &level), 0);
		ck_assert_int_eq(level, i);
	}
	ck_assert_int_eq(log_level_parse("INFO", &level), E_VALUE);
	ck_assert_int_eq(log_level_parse("", &level), E_VALUE);
}
END_TEST

/* Nobody reads the pipe, then somebody does. */
START_TEST(a_reader_that_stands_still_is_waited_for_once)
{
	char text[8192], line[1001];
	int pipes[2], flags;
	uint64_t began = loop_clock();
	size_t total = 0;
	ssize_t n;

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_ge(fcntl(pipes[1], F_SETPIPE_SZ, 4096), 4096);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	log_use_stderr(false);
	log_use_fd(pipes[1]);
	for (int i = 0; i < 200; i++)
		log_error("%s", line);
	ck_assert_uint_lt(loop_clock() - began, 10000);
	/* Others who hold it still wait, as they asked for. */
	flags = fcntl(pipes[1], F_GETFL);
	ck_assert_int_eq(flags & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
	while ((n = read(pipes[0], text, sizeof(text))) > 0)
		total += (size_t)n;
	ck_assert_uint_le(total, 4096);
	log_error("again");
	n = read(pipes[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "again"));
	ck_assert_ptr_nonnull(
	    strstr(text, "records were lost: the log file did not take them"));
	/* Told once. */
	log_error("and again");
	n = read(pipes[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_null(strstr(text, "lost"));
	log_use_fd(-1);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

/* As under a service manager; it is full in the middle of a line. */
START_TEST(a_socket_is_not_waited_for_either)
{
	char line[1001];
	int pair[2], size = 4096;
	uint64_t began = loop_clock();

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(
	    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	log_use_stderr(false);
	log_use_fd(pair[1]);
	for (int i = 0; i < 200; i++)
		log_error("%s", line);
	ck_assert_uint_lt(loop_clock() - began, 10000);
	log_use_fd(-1);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(a_line_of_a_library_comes_as_it_is_whatever_the_level)
{
	static const char text[] = "pam_x(sshd:auth): no\nFailed";
	char got[512];
	int ends[2];
	ssize_t n;

	quiet_log();
	ck_assert_int_eq(pipe(ends), 0);
	log_use_fd(ends[1]);
	for (int severity = 0; severity < 8; severity++) {
		log_library(severity, text);
		n = read(ends[0], got, sizeof(got) - 1);
		ck_assert_int_gt(n, 0);
		got[n] = '\0';
		ck_assert_ptr_nonnull(
		    strstr(got, "]: pam_x(sshd:auth): no\\nFailed\n"));
	}
	ck_assert_int_eq(seen_level[0], LOG_LEVEL_ERROR);
	ck_assert_int_eq(seen_level[7], LOG_LEVEL_DEBUG);
	log_use_fd(-1);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

Suite *
suite_log(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_test(t, lines_above_the_level_are_dropped);
	tcase_add_test(t, a_line_stays_one_line_whatever_its_arguments);
	tcase_add_test(t, a_relayed_line_is_never_a_format);
	tcase_add_test(
	    t, a_relayed_line_holds_no_sentence_and_names_its_sender);
	tcase_add_test(t, the_file_is_private_appended_and_stamped);
	tcase_add_test(t, level_names_are_read_and_written);
	tcase_add_test(t, a_reader_that_stands_still_is_waited_for_once);
	tcase_add_test(t, a_socket_is_not_waited_for_either);
	tcase_add_test(
	    t, a_line_of_a_library_comes_as_it_is_whatever_the_level);
	suite_add_tcase(s, t);
	return s;
}
