/*
 * The syslog sender against sockets of our own: it never blocks, counts what
 * is lost, finds a restarted daemon again, and is shared over fork.
 */
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/rd.h"
#include "lib/syslog_out.h"
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static char path[64];

static int
daemon_socket(int type)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unlink(path);
	strcpy(un.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

static void
setup(void)
{
	char *folder = unit_folder();

	snprintf(path, sizeof(path), "%s/log", folder);
	free(folder);
	log_use_stderr(false);
}

static void
teardown(void)
{
	syslog_out_close();
	unlink(path);
}

static void
open_out(void)
{
	struct syslog_out_options o = {
	    .path = path, .ident = "spt", .facility = LOG_AUTHPRIV};

	ck_assert_int_eq(syslog_out_open(&o), 0);
}

/* The next message, or "" when none is there. */
static const char *
next_message(int fd)
{
	static char text[16384];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

START_TEST(a_line_arrives_in_the_local_form)
{
	int fd = daemon_socket(SOCK_DGRAM);
	char expected[64];
	const char *text;

	open_out();
	errno = ENOTTY;
	ck_assert(syslog_out_send(6, "hello", 5));
	ck_assert_int_eq(errno, ENOTTY);
	text = next_message(fd);
	snprintf(expected, sizeof(expected), " spt[%d]: hello", (int)getpid());
	ck_assert_int_eq(strncmp(text, "<86>", 4), 0);
	ck_assert_uint_eq(strlen(text), 4 + 15 + strlen(expected));
	ck_assert_str_eq(&text[4 + 15], expected);
	ck_assert(syslog_out_send_raw("<1>x", 4));
	ck_assert_str_eq(next_message(fd), "<1>x");
	close(fd);
}
END_TEST

START_TEST(a_daemon_that_comes_later_or_restarts_is_found)
{
	int fd;

	unlink(path);
	open_out();
	ck_assert(!syslog_out_send(6, "one", 3));
	ck_assert(!syslog_out_send(6, "two", 3));
	ck_assert_uint_eq(syslog_out_lost(), 2);
	fd = daemon_socket(SOCK_DGRAM);
	ck_assert(syslog_out_send(6, "three", 5));
	ck_assert_ptr_nonnull(strstr(next_message(fd), ": three"));
	close(fd);
	fd = daemon_socket(SOCK_DGRAM); /* the restart */
	ck_assert(syslog_out_send(6, "four", 4));
	ck_assert_ptr_nonnull(strstr(next_message(fd), ": four"));
	close(fd);
	fd = daemon_socket(SOCK_STREAM); /* of another kind */
	ck_assert(syslog_out_send(6, "five", 4));
	close(fd);
}
END_TEST

START_TEST(a_full_queue_never_blocks_and_is_told_of_later)
{
	int fd = daemon_socket(SOCK_DGRAM), sent = 0;
	const char *text;
	uint64_t lost;
	bool told = false;

	open_out();
	log_use_syslog(true);
	alarm(10); /* blocking would end the test */
	for (int i = 0; i < 40000; i++)
		sent += syslog_out_send(6, "fill", 4);
	lost = syslog_out_lost();
	ck_assert_int_gt(sent, 0);
	ck_assert_uint_gt(lost, 0);
	ck_assert(syslog_out_waiting());
	ck_assert_uint_eq(syslog_out_untold(), lost);
	sent = 0;
	do {
		while (next_message(fd)[0] != '\0')
			sent++;
		syslog_out_flush();
	} while (syslog_out_waiting());
	while (next_message(fd)[0] != '\0')
		sent++;
	ck_assert_uint_eq(lost + (uint64_t)sent, 40000);
	ck_assert_uint_eq(syslog_out_lost(), lost);
	log_info("works again");
	ck_assert_ptr_nonnull(strstr(next_message(fd), ": works again"));
	text = next_message(fd);
	told =
	    strstr(text, "records were lost: syslog did not take them") != NULL;
	ck_assert(told);
	ck_assert_uint_eq(strtoull(&strstr(text, "]: ")[3], NULL, 10), lost);
	ck_assert_uint_eq(syslog_out_untold(), 0);
	ck_assert_uint_eq(audit_count(AUDIT_log_drop), 1);
	alarm(0);
	close(fd);
}
END_TEST

START_TEST(a_forked_child_goes_on_and_reconnects_for_all)
{
	int fd = daemon_socket(SOCK_DGRAM), status;
	pid_t pid;

	open_out();
	close(fd);
	fd = daemon_socket(SOCK_DGRAM);
	if ((pid = fork()) == 0)
		_exit(syslog_out_send(6, "child", 5) ? 0 : 1);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert_ptr_nonnull(strstr(next_message(fd), ": child"));
	/* Without the path, as after a chroot: the child has reconnected. */
	unlink(path);
	ck_assert(syslog_out_send(6, "parent", 6));
	ck_assert_ptr_nonnull(strstr(next_message(fd), ": parent"));
	close(fd);
}
END_TEST

START_TEST(losses_before_a_fork_are_the_parents_to_tell)
{
	int status;
	pid_t pid;

	unlink(path);
	open_out();
	syslog_out_send(6, "x", 1);
	if ((pid = fork()) == 0)
		_exit((int)syslog_out_untold());
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(syslog_out_untold(), 1);
}
END_TEST

START_TEST(a_stream_socket_keeps_records_whole)
{
	int fd = daemon_socket(SOCK_STREAM), peer;
	static char line[4096], got[4 << 20];
	size_t len = 0, records = 0, start = 0;
	int sent = 0;
	ssize_t n;

	open_out();
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	ck_assert_int_ge(peer, 0);
	memset(line, 'a', sizeof(line));
	alarm(10);
	for (int i = 0; i < 2000; i++) {
		sent += syslog_out_send(6, line, sizeof(line));
		/* A slow reader, in pieces that split records. */
		if (i % 3 == 0 && (n = recv(peer, &got[len], 999, 0)) > 0)
			len += (size_t)n;
	}
	ck_assert_uint_gt(syslog_out_lost(), 0);
	(void)sent;
	do { /* sends the rest of a record, too */
		while (len < sizeof(got) &&
		    (n = recv(peer, &got[len], sizeof(got) - len, 0)) > 0)
			len += (size_t)n;
		syslog_out_flush();
	} while (syslog_out_waiting());
	syslog_out_send(6, "end", 3);
	while (len < sizeof(got) &&
	    (n = recv(peer, &got[len], sizeof(got) - len, 0)) > 0)
		len += (size_t)n;
	for (size_t i = 0; i < len; i++)
		if (got[i] == '\0') {
			if (got[start] != '<' ||
			    memchr(&got[start + 1], '<', i - start - 1) != NULL)
				ck_abort_msg("a record was broken");
			records++;
			start = i + 1;
		}
	ck_assert_uint_eq(start, len);
	ck_assert_uint_eq(records, 2001 - syslog_out_lost());
	alarm(0);
	close(peer);
	close(fd);
}
END_TEST

/* Records of each of 100 processes: more than the daemon's queue holds. */
static int
records_each(void)
{
	FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "r");
	int queue = 512;

	if (f != NULL && fscanf(f, "%d", &queue) != 1)
		queue = 512;
	if (f != NULL)
		fclose(f);
	return queue / 100 + 3;
}

/* 100 processes at once and a daemon that takes one record in a while. */
START_TEST(a_slow_daemon_gets_every_record_of_every_process)
{
	int fd = daemon_socket(SOCK_DGRAM), pipe_fds[2], got = 0, status;
	int each = records_each();
	bool seen[100] = {false};
	struct pollfd p = {.fd = fd, .events = POLLIN};

	open_out();
	alarm(60);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	for (int i = 0; i < 100; i++) {
		char text[32], byte;

		if (fork() != 0)
			continue;
		close(pipe_fds[1]);
		syslog_out_patience(5000);
		(void)!read(pipe_fds[0], &byte, 1); /* all at once */
		snprintf(text, sizeof(text), "of %d.", i);
		for (int k = 0; k < each; k++)
			syslog_out_send(6, text, strlen(text));
		syslog_out_drain(5000);
		_exit(syslog_out_lost() != 0);
	}
	close(pipe_fds[1]);
	(void)poll(NULL, 0, 100); /* the socket is full */
	while (poll(&p, 1, 2000) > 0) {
		const char *text = strstr(next_message(fd), ": of ");

		ck_assert_ptr_nonnull(text);
		seen[atoi(&text[5])] = true;
		got++;
		(void)poll(NULL, 0, 1);
	}
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	for (int i = 0; i < 100; i++)
		ck_assert(seen[i]);
	ck_assert_int_eq(got, 100 * each);
	alarm(0);
	close(pipe_fds[0]);
	close(fd);
}
END_TEST

/* It is waited for once, and each record is there when it reads again. */
START_TEST(a_daemon_that_stands_still_is_waited_for_once)
{
	int fd = daemon_socket(SOCK_DGRAM), before = 0, after = 0;
	uint64_t shown = 0, began;

	open_out();
	alarm(30);
	while (syslog_out_send(6, "fill", 4))
		before++;
	syslog_out_show(&shown);
	syslog_out_patience(200);
	began = loop_clock();
	for (int i = 0; i < 50; i++)
		ck_assert(!syslog_out_send(6, "kept", 4));
	ck_assert_uint_ge(loop_clock() - began, 200);
	ck_assert_uint_lt(loop_clock() - began, 5000); /* not 50 times */
	ck_assert_uint_eq(syslog_out_lost(), 0);
	/* Killed at this moment it would lose them: its parent sees that. */
	ck_assert_uint_eq(shown, 51);
	for (int i = 0; i < 1000 && syslog_out_waiting(); i++) {
		after += next_message(fd)[0] != '\0';
		syslog_out_flush();
	}
	while (next_message(fd)[0] != '\0')
		after++;
	ck_assert_int_eq(after, before + 51);
	ck_assert_uint_eq(shown, 0);
	alarm(0);
	close(fd);
}
END_TEST

/* The master's: it waits for nothing, and its loop sends what is kept. */
START_TEST(a_loop_sends_what_was_kept)
{
	int fd = daemon_socket(SOCK_DGRAM), before = 1, after = 0;
	struct loop *loop = loop_new();

	open_out();
	syslog_out_use_loop(loop);
	alarm(30);
	while (syslog_out_send(6, "fill", 4))
		before++;
	for (int i = 0; i < 30; i++)
		ck_assert(!syslog_out_send(6, "kept", 4));
	for (int i = 0; i < 1000 && syslog_out_waiting(); i++) {
		after += next_message(fd)[0] != '\0';
		ck_assert_int_eq(loop_turn(loop, 50), 0);
	}
	while (next_message(fd)[0] != '\0')
		after++;
	ck_assert_int_eq(after, before + 30);
	ck_assert_uint_eq(syslog_out_lost(), 0);
	syslog_out_use_loop(NULL);
	loop_free(loop);
	alarm(0);
	close(fd);
}
END_TEST

/* As over the exec of a reload: the next image knows nothing of its own. */
START_TEST(what_is_kept_goes_to_the_next_image)
{
	int fd = daemon_socket(SOCK_DGRAM), pipes[2], status;
	unsigned sent = 0, got = 0;
	struct buf b;
	struct rd r;
	pid_t pid;

	open_out();
	syslog_out_inherit(7); /* not told yet */
	while (!syslog_out_waiting() || sent < 100) {
		char line[32];
		int n = snprintf(line, sizeof(line), "number %u.", sent++);

		(void)syslog_out_send(6, line, (size_t)n);
	}
	buf_init(&b, 1 << 20);
	syslog_out_save(&b);
	ck_assert_int_eq(buf_end(&b), 0);
	ck_assert_uint_eq(syslog_out_lost(), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	if ((pid = fork()) == 0) {
		(void)syslog_out_send(6, "the next image.", 15);
		rd_init(&r, b.data, b.len);
		syslog_out_load(&r);
		if (rd_end(&r) != 0 || !syslog_out_waiting() ||
		    syslog_out_untold() != 7 || write(pipes[1], "x", 1) != 1)
			_exit(1);
		syslog_out_drain(10000);
		_exit(syslog_out_lost() == 0 ? 0 : 2);
	}
	close(pipes[1]);
	ck_assert_int_eq(read(pipes[0], &status, 1), 1);
	close(pipes[0]);
	while (got < sent) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		char line[32];

		ck_assert_int_eq(poll(&p, 1, 10000), 1);
		snprintf(line, sizeof(line), "number %u.", got++);
		ck_assert_ptr_nonnull(strstr(next_message(fd), line));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_ptr_nonnull(strstr(next_message(fd), "the next image."));
	buf_free(&b);
	close(fd);
	syslog_out_drain(0);
}
END_TEST

START_TEST(what_is_left_at_the_end_is_counted)
{
	int fd = daemon_socket(SOCK_DGRAM);
	uint64_t shown = 0;

	open_out();
	while (syslog_out_send(6, "fill", 4))
		;
	syslog_out_show(&shown);
	syslog_out_drain(30);
	ck_assert(!syslog_out_waiting());
	ck_assert_uint_eq(syslog_out_lost(), 1);
	ck_assert_uint_eq(shown, 1);
	close(fd);
}
END_TEST

START_TEST(a_long_line_is_bounded)
{
	int fd = daemon_socket(SOCK_DGRAM);
	static char line[65536];

	open_out();
	memset(line, 'a', sizeof(line));
	ck_assert(syslog_out_send(6, line, sizeof(line)));
	ck_assert_uint_eq(strlen(next_message(fd)), SYSLOG_OUT_MAX - 1);
	ck_assert(syslog_out_send_raw(line, sizeof(line)));
	ck_assert_uint_eq(strlen(next_message(fd)), SYSLOG_OUT_MAX - 1);
	close(fd);
}
END_TEST

START_TEST(idents_that_would_break_the_header_are_refused)
{
	static const char *const bad[] = {"", "a b", "a\n", "a[1]",
	    "a:", "0123456789012345678901234567890123456789012345678"};
	struct syslog_out_options o = {.path = path};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.ident = bad[i];
		ck_assert_int_eq(syslog_out_open(&o), E_VALUE);
		ck_assert(!syslog_out_is_open());
	}
}
END_TEST

Suite *
suite_syslog_out(void)
{
	Suite *s = suite_create("syslog_out");
	TCase *t = tcase_create("syslog_out");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_line_arrives_in_the_local_form);
	tcase_add_test(t, a_daemon_that_comes_later_or_restarts_is_found);
	tcase_add_test(t, a_full_queue_never_blocks_and_is_told_of_later);
	tcase_add_test(t, a_forked_child_goes_on_and_reconnects_for_all);
	tcase_add_test(t, losses_before_a_fork_are_the_parents_to_tell);
	tcase_add_test(t, a_stream_socket_keeps_records_whole);
	tcase_add_test(t, a_slow_daemon_gets_every_record_of_every_process);
	tcase_add_test(t, a_daemon_that_stands_still_is_waited_for_once);
	tcase_add_test(t, a_loop_sends_what_was_kept);
	tcase_add_test(t, what_is_kept_goes_to_the_next_image);
	tcase_add_test(t, what_is_left_at_the_end_is_counted);
	tcase_add_test(t, a_long_line_is_bounded);
	tcase_add_test(t, idents_that_would_break_the_header_are_refused);
	suite_add_tcase(s, t);
	return s;
}
