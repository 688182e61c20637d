/*
 * Flags of descriptors, and descriptors that come over a socket: what does
 * not fit must be closed, and be noticed.
 */
#include "lib/fd.h"
#include "tests/unit/ground/suites.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MANY 4

/* Send count copies of one descriptor, and take at most room of them. */
static size_t
pass(size_t count, size_t room, int *fds, bool *odd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MANY * sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	const int sent[MANY] = {0, 0, 0, 0};
	int s[2];
	size_t taken;

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s), 0);
	ck_assert_int_eq(fd_send(s[0], "x", 1, sent, count, 0), 1);
	ck_assert_int_eq(recvmsg(s[1], &h, MSG_CMSG_CLOEXEC), 1);
	taken = fd_take(&h, fds, room, odd);
	close(s[0]);
	close(s[1]);
	return taken;
}

static int
open_descriptors(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(descriptors_that_were_sent_are_taken)
{
	int fds[MANY] = {-1, -1, -1, -1};
	bool odd = false;
	size_t i;

	ck_assert_uint_eq(pass((size_t)_i, MANY, fds, &odd), (size_t)_i);
	ck_assert(!odd);
	for (i = 0; i < MANY; i++)
		ck_assert_int_eq(fds[i] >= 0, i < (size_t)_i);
	fd_close_all(fds, MANY);
}
END_TEST

START_TEST(descriptors_that_do_not_fit_are_closed_and_told)
{
	int fds[MANY] = {-1, -1, -1, -1}, before = open_descriptors();
	bool odd = false;

	ck_assert_uint_eq(pass(MANY, 1, fds, &odd), 1);
	ck_assert(odd);
	ck_assert_int_eq(fds[1], -1);
	fd_close_all(fds, MANY);
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

START_TEST(flags_are_added_to_those_there_are)
{
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(fcntl(p[1], F_SETFL, O_APPEND), 0);
	ck_assert_int_eq(fd_set_nonblocking(p[1]), 0);
	ck_assert_int_eq(fd_set_nonblocking(p[1]), 0);
	ck_assert_int_eq(fcntl(p[1], F_GETFL) & (O_APPEND | O_NONBLOCK),
	    O_APPEND | O_NONBLOCK);
	ck_assert_int_eq(fd_set_cloexec(p[0]), 0);
	ck_assert_int_eq(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	fd_close_all(p, 2);
	ck_assert_int_lt(fd_set_nonblocking(p[0]), 0);
	ck_assert_int_lt(fd_set_cloexec(p[0]), 0);
}
END_TEST

Suite *
suite_fd(void)
{
	Suite *suite = suite_create("fd");
	TCase *tc = tcase_create("fd");

	tcase_add_loop_test(
	    tc, descriptors_that_were_sent_are_taken, 0, MANY + 1);
	tcase_add_test(tc, descriptors_that_do_not_fit_are_closed_and_told);
	tcase_add_test(tc, flags_are_added_to_those_there_are);
	suite_add_tcase(suite, tc);
	return suite;
}
