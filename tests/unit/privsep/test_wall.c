/*
 * The sockets of the wall and its rules: descriptors, budgets, paths, states.
 */
#include "tests/unit/privsep/sample.h"
#include "tests/unit/privsep/suites.h"

#include "lib/err.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct wall here, there;
static int ends[2];

static enum wall_path
path_of(enum wall_type type)
{
	for (unsigned p = 0; p < WALL_PATH_COUNT; p++)
		if (wall_on_path((enum wall_path)p, type))
			return (enum wall_path)p;
	ck_abort_msg("%s is on no path", wall_name(type));
	return WALL_PATH_COUNT;
}

/* Two ends; the sender's path is the one the type is on. */
static void
open_walls(enum wall_type type)
{
	enum wall_path path = path_of(type);

	ck_assert_int_eq(wall_pair(ends), 0);
	wall_init(&here, ends[0], path, path);
	wall_init(&there, ends[1], path, path);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
}

static void
close_walls(void)
{
	wall_free(&here);
	wall_free(&there);
}

/* Raw bytes with so many descriptors of /dev/null. */
static void
send_raw(int fd, const void *data, size_t len, unsigned count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct iovec iov = {
	    .iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[16];

	memset(&control, 0, sizeof(control));
	if (count != 0) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (unsigned i = 0; i < count; i++)
			fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	ck_assert_int_eq((int)sendmsg(fd, &msg, 0), (int)len);
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

static unsigned
open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(a_message_comes_with_exactly_its_descriptors)
{
	enum wall_type type = (enum wall_type)_i;
	struct wall_message m, got;
	struct buf b;
	unsigned before;

	open_walls(type);
	sample_empty(&m, type);
	buf_init(&b, 1024);
	sample_encode(&m, &b);
	before = open_descriptors();
	for (unsigned n = 0; n <= 8; n++) {
		int err;

		send_raw(ends[0], b.data, b.len, n);
		err = wall_receive(&there, &got);
		if (n == wall_fds(type))
			ck_assert_int_eq(err, 0);
		else
			ck_assert_msg(err == E_FORMAT || err == E_TRUNCATED,
			    "%s with %u: %s", wall_name(type), n,
			    err_text(err));
		for (unsigned i = 0; i < WALL_FDS_MAX; i++)
			ck_assert((got.fds[i] >= 0) == (err == 0 && i < n));
		wall_done(&there, &got);
		/* Whatever came is closed again. */
		ck_assert_uint_eq(open_descriptors(), before);
	}
	buf_free(&b);
	close_walls();
}
END_TEST

START_TEST(descriptors_are_the_same_files_and_close_on_exec)
{
	struct wall_message m, got;
	struct stat a, b;
	int fds[2];

	open_walls(MSG_stream);
	ck_assert_int_eq(pipe(fds), 0);
	sample_empty(&m, MSG_stream);
	m.fds[0] = fds[1];
	ck_assert_int_eq(wall_send(&here, &m), 0);
	ck_assert_int_eq(wall_receive(&there, &got), 0);
	ck_assert_int_eq(fstat(fds[1], &a), 0);
	ck_assert_int_eq(fstat(got.fds[0], &b), 0);
	ck_assert(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	ck_assert_int_ne(fcntl(got.fds[0], F_GETFD) & FD_CLOEXEC, 0);
	wall_done(&there, &got);
	close_walls();
}
END_TEST

START_TEST(a_descriptor_missing_at_the_sender_is_not_sent)
{
	struct wall_message m;

	open_walls(MSG_pipes);
	sample_empty(&m, MSG_pipes);
	m.fds[0] = m.fds[1] = 0;
	ck_assert_int_eq(wall_send(&here, &m), E_VALUE);
	close_walls();
}
END_TEST

START_TEST(nothing_passes_on_a_foreign_path)
{
	enum wall_type type = (enum wall_type)_i;
	struct wall_message m, got;
	struct wall w;
	struct buf b;

	sample_empty(&m, type);
	buf_init(&b, 1024);
	sample_encode(&m, &b);
	for (unsigned p = 0; p < WALL_PATH_COUNT; p++) {
		if (wall_on_path((enum wall_path)p, type))
			continue;
		ck_assert_int_eq(wall_pair(ends), 0);
		wall_init(&w, ends[0], (enum wall_path)p, (enum wall_path)p);
		ck_assert_int_eq(wall_send(&w, &m), E_STATE);
		send_raw(ends[1], b.data, b.len, wall_fds(type));
		ck_assert_int_eq(wall_receive(&w, &got), E_FORMAT);
		wall_free(&w);
		close(ends[1]);
	}
	buf_free(&b);
}
END_TEST

START_TEST(every_message_is_on_one_path)
{
	unsigned paths = 0;

	for (unsigned p = 0; p < WALL_PATH_COUNT; p++)
		paths += wall_on_path((enum wall_path)p, (enum wall_type)_i);
	ck_assert_uint_eq(paths, 1);
	ck_assert_str_ne(wall_name((enum wall_type)_i), "unknown");
}
END_TEST

/* The table again, to hold the compiled rules against. */
static const struct expected {
	uint32_t states, budget;
} expected[WALL_TYPES] = {
#define EXPECT(name_, states_, budget_, fds_, answers_) \
	[MSG_##name_] = {.states = (states_), .budget = (budget_)},
    WALL_MESSAGES(EXPECT)};

START_TEST(the_table_says_what_is_legal_in_each_state)
{
	enum wall_type type = (enum wall_type)_i;

	for (unsigned s = 0; s < STATE_COUNT; s++)
		for (unsigned p = 0; p < WALL_PATH_COUNT; p++) {
			int err = wall_refuses(
			    (enum wall_path)p, (enum monitor_state)s, type, 1);

			if (!wall_on_path((enum wall_path)p, type) ||
			    (expected[type].states & (1u << s)) == 0)
				ck_assert_int_eq(err, E_STATE);
			else
				ck_assert_int_eq(err, 0);
		}
	ck_assert_int_eq(
	    wall_refuses(path_of(type), STATE_COUNT, type, 1), E_STATE);
}
END_TEST

START_TEST(budgets_end)
{
	enum wall_type type = (enum wall_type)_i;
	enum wall_path path = path_of(type);
	uint32_t budget = expected[type].budget;
	unsigned state = 0;

	while ((expected[type].states & (1u << state)) == 0)
		state++;
	ck_assert_int_eq(wall_refuses(path, (enum monitor_state)state, type,
			     budget == 0 ? UINT32_MAX : budget),
	    0);
	if (budget != 0)
		ck_assert_int_eq(wall_refuses(path, (enum monitor_state)state,
				     type, budget + 1),
		    E_LIMIT);
}
END_TEST

START_TEST(a_budget_is_counted_on_receipt)
{
	enum wall_type type = (enum wall_type)_i;
	uint32_t budget = expected[type].budget;
	struct wall_message m, got;
	struct buf b;

	if (budget == 0 || budget > 200)
		return;
	open_walls(type);
	sample_empty(&m, type);
	buf_init(&b, 1024);
	sample_encode(&m, &b);
	for (uint32_t i = 0; i <= budget; i++) {
		send_raw(ends[0], b.data, b.len, wall_fds(type));
		ck_assert_int_eq(
		    wall_receive(&there, &got), i < budget ? 0 : E_LIMIT);
		wall_done(&there, &got);
	}
	buf_free(&b);
	close_walls();
}
END_TEST

/* The messages that a stranger's worker may send before a login, by name: a new
 * message must be added here, after thinking about it. */
START_TEST(before_the_login_little_is_legal)
{
	static const enum wall_type before[] = {MSG_log, MSG_version, MSG_kex,
	    MSG_negotiation_failed, MSG_newkeys, MSG_auth_none,
	    MSG_auth_password, MSG_auth_publickey, MSG_auth_hostbased,
	    MSG_auth_kbdint, MSG_auth_other, MSG_auth_answers, MSG_auth_packet,
	    MSG_bye};
	static const enum monitor_state states[] = {
	    STATE_KEX, STATE_AUTH, STATE_ASKING, STATE_CHANGING, STATE_OPENING};

	for (unsigned type = 1; type < WALL_TYPES; type++) {
		bool known = false;

		for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
			known |= before[i] == type;
		for (size_t i = 0; i < 5 && !known; i++)
			ck_assert_int_eq(
			    wall_refuses(PATH_WORKER_MONITOR, states[i],
				(enum wall_type)type, 1),
			    E_STATE);
	}
	/* And one signature only. */
	for (size_t i = 1; i < 5; i++)
		ck_assert_int_eq(
		    wall_refuses(PATH_WORKER_MONITOR, states[i], MSG_kex, 2),
		    E_STATE);
}
END_TEST

START_TEST(authentication_is_over_after_success)
{
	static const enum wall_type auth[] = {MSG_auth_none, MSG_auth_password,
	    MSG_auth_publickey, MSG_auth_hostbased, MSG_auth_kbdint,
	    MSG_auth_other, MSG_auth_answers, MSG_auth_packet};

	for (unsigned s = STATE_OPENING; s < STATE_COUNT; s++)
		for (size_t i = 0; i < sizeof(auth) / sizeof(auth[0]); i++)
			ck_assert_int_eq(wall_refuses(PATH_WORKER_MONITOR,
					     (enum monitor_state)s, auth[i], 1),
			    E_STATE);
}
END_TEST

START_TEST(the_empty_message_is_the_end)
{
	struct wall_message got;

	open_walls(MSG_log);
	send_raw(ends[0], "", 0, 0);
	ck_assert_int_eq(wall_receive(&there, &got), E_CLOSED);
	close_walls();
}
END_TEST

START_TEST(an_empty_message_leaks_no_descriptor)
{
	struct wall_message got;
	unsigned before;

	open_walls(MSG_log);
	before = open_descriptors();
	send_raw(ends[0], "", 0, 3);
	ck_assert_int_eq(wall_receive(&there, &got), E_CLOSED);
	ck_assert_uint_eq(open_descriptors(), before);
	close_walls();
}
END_TEST

START_TEST(a_closed_wall_says_so_both_ways)
{
	struct wall_message got, m;

	open_walls(MSG_log);
	ck_assert_int_eq(wall_receive(&there, &got), E_AGAIN);
	close(ends[0]);
	here.fd = -1;
	ck_assert_int_eq(wall_receive(&there, &got), E_CLOSED);
	sample_empty(&m, MSG_log);
	ck_assert_int_eq(wall_send(&there, &m), E_CLOSED);
	close_walls();
}
END_TEST

START_TEST(an_oversized_message_is_refused_whole)
{
	size_t len = 200 * 1024;
	char *data = calloc(1, len);
	struct wall_message got;

	open_walls(MSG_log);
	data[1] = MSG_log;
	send_raw(ends[0], data, len, 0);
	ck_assert_int_eq(wall_receive(&there, &got), E_TOO_LARGE);
	free(data);
	close_walls();
}
END_TEST

START_TEST(random_bytes_never_pass_unseen)
{
	struct wall_message got;
	uint8_t data[512];
	uint32_t x = 88172645u + (uint32_t)_i;
	unsigned passed = 0;

	open_walls(MSG_log);
	for (int round = 0; round < 4000; round++) {
		size_t len = 2 + (size_t)round % (sizeof(data) - 2);

		for (size_t i = 0; i < len; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			data[i] = (uint8_t)x;
		}
		data[0] = 0;
		data[1] %= WALL_TYPES + 2;
		send_raw(ends[0], data, len, (unsigned)(x % 3));
		if (wall_receive(&there, &got) == 0)
			passed++;
		wall_done(&there, &got);
	}
	/* By luck a few are well formed; most are not. */
	ck_assert_uint_lt(passed, 100);
	close_walls();
}
END_TEST

/* Messages of two receives live side by side, and are wiped when done. */
START_TEST(what_was_received_is_wiped)
{
	struct wall_message one, two;
	const uint8_t *where;

	open_walls(MSG_log);
	ck_assert_int_eq(WALL_SEND(&here, log, .line = "the secret"), 0);
	ck_assert_int_eq(WALL_SEND(&here, log, .line = "another"), 0);
	ck_assert_int_eq(wall_receive(&there, &one), 0);
	ck_assert_int_eq(wall_receive(&there, &two), 0);
	ck_assert_str_eq(one.log.line, "the secret");
	ck_assert_str_eq(two.log.line, "another");
	where = (const uint8_t *)one.log.line;
	wall_done(&there, &one);
	/* It is the wall's spare memory now, so it may be looked at. */
	ck_assert_ptr_nonnull(there.spare);
	for (size_t i = 0; i < 11; i++)
		ck_assert_uint_eq(where[i], 0);
	wall_done(&there, &two);
	close_walls();
}
END_TEST

/* It ended without reading what we told it: a reset, behind its last words. */
START_TEST(last_words_come_before_a_reset)
{
	struct wall_message m, got;

	sample_empty(&m, MSG_log);
	open_walls(MSG_log);
	ck_assert_int_eq(wall_send(&here, &m), 0);
	ck_assert_int_eq(wall_send(&here, &m), 0);
	ck_assert_int_eq(wall_send(&there, &m), 0);
	wall_free(&here);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(wall_receive(&there, &got), 0);
		ck_assert_int_eq(got.type, MSG_log);
		wall_done(&there, &got);
	}
	ck_assert_int_eq(wall_receive(&there, &got), E_CLOSED);
	close_walls();
}
END_TEST

Suite *
suite_wall(void)
{
	Suite *s = suite_create("wall");
	TCase *t = tcase_create("wall");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
	    t, a_message_comes_with_exactly_its_descriptors, 1, WALL_TYPES);
	tcase_add_test(t, descriptors_are_the_same_files_and_close_on_exec);
	tcase_add_test(t, a_descriptor_missing_at_the_sender_is_not_sent);
	tcase_add_loop_test(t, nothing_passes_on_a_foreign_path, 1, WALL_TYPES);
	tcase_add_loop_test(t, every_message_is_on_one_path, 1, WALL_TYPES);
	tcase_add_loop_test(
	    t, the_table_says_what_is_legal_in_each_state, 1, WALL_TYPES);
	tcase_add_loop_test(t, budgets_end, 1, WALL_TYPES);
	tcase_add_loop_test(t, a_budget_is_counted_on_receipt, 1, WALL_TYPES);
	tcase_add_test(t, before_the_login_little_is_legal);
	tcase_add_test(t, authentication_is_over_after_success);
	tcase_add_test(t, the_empty_message_is_the_end);
	tcase_add_test(t, an_empty_message_leaks_no_descriptor);
	tcase_add_test(t, a_closed_wall_says_so_both_ways);
	tcase_add_test(t, last_words_come_before_a_reset);
	tcase_add_test(t, an_oversized_message_is_refused_whole);
	tcase_add_loop_test(t, random_bytes_never_pass_unseen, 0, 4);
	tcase_add_test(t, what_was_received_is_wiped);
	suite_add_tcase(s, t);
	return s;
}
