/*
 * Clients that break the protocol, do not read, or go away.
 */
#include "tests/unit/sftp/client.h"
#include "tests/unit/sftp/suites.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct client c;
static const struct sftp_options plain = {.no_names = true};

static void
start(void)
{
	tree_make(&c);
	tree_write(&c, "a", "aaa", 3);
	client_serve(&c, &plain, NULL);
}

/* A whole request of each kind: type, letters for text arguments. */
static const struct {
	uint8_t type;
	const char *bytes;
	size_t len;
} requests[] = {
    {SSH_FXP_OPEN, "\0\0\0\1x\0\0\0\1\0\0\0\0", 13},
    {SSH_FXP_CLOSE, "\0\0\0\4\0\0\0\0", 8},
    {SSH_FXP_READ, "\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 20},
    {SSH_FXP_WRITE, "\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1x", 21},
    {SSH_FXP_LSTAT, "\0\0\0\1x", 5},
    {SSH_FXP_FSTAT, "\0\0\0\4\0\0\0\0", 8},
    {SSH_FXP_SETSTAT, "\0\0\0\1x\0\0\0\4\0\0\1\1", 13},
    {SSH_FXP_FSETSTAT, "\0\0\0\4\0\0\0\0\0\0\0\4\0\0\1\1", 16},
    {SSH_FXP_OPENDIR, "\0\0\0\1x", 5},
    {SSH_FXP_READDIR, "\0\0\0\4\0\0\0\0", 8},
    {SSH_FXP_REMOVE, "\0\0\0\1x", 5},
    {SSH_FXP_MKDIR, "\0\0\0\1/\0\0\0\0", 9},
    {SSH_FXP_RMDIR, "\0\0\0\1x", 5},
    {SSH_FXP_REALPATH, "\0\0\0\1x", 5},
    {SSH_FXP_STAT, "\0\0\0\1x", 5},
    {SSH_FXP_RENAME, "\0\0\0\1x\0\0\0\1y", 10},
    {SSH_FXP_READLINK, "\0\0\0\1x", 5},
    {SSH_FXP_SYMLINK, "\0\0\0\1x\0\0\0\1/", 10},
    {SSH_FXP_EXTENDED,
	"\0\0\0\11copy-data\0\0\0\4\0\0\0\0"
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	"\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0",
	49},
    {SSH_FXP_EXTENDED,
	"\0\0\0\36users-groups-by-id@openssh.com"
	"\0\0\0\4\0\0\0\0\0\0\0\4\0\0\0\0",
	50},
    {SSH_FXP_EXTENDED, "\0\0\0\7unknown", 11},
    {99, "", 0},
    {SSH_FXP_STATUS, "\0\0\0\0", 4},
};

static void
ask_bytes(uint8_t type, const char *bytes, size_t len)
{
	buf_bytes(ask_begin(&c, type), bytes, len);
	ask_send(&c);
	ck_assert(hear(&c));
	ck_assert_uint_eq(c.reply_id, c.id);
}

START_TEST(every_cut_of_every_request_gets_one_answer)
{
	uint8_t type = requests[_i].type;
	bool known = type == SSH_FXP_EXTENDED || type <= SSH_FXP_SYMLINK;

	start();
	/* the handle that some of them name */
	ck_assert_uint_eq(ask_handle(&c, SSH_FXP_OPEN, "su.", "a",
			      SSH_FXF_READ | SSH_FXF_WRITE),
	    0);
	for (size_t cut = 0; cut < requests[_i].len; cut++) {
		ask_bytes(type, requests[_i].bytes, cut);
		ck_assert_uint_eq(heard_status(&c),
		    known ? SSH_FX_BAD_MESSAGE : SSH_FX_OP_UNSUPPORTED);
	}
	ask_bytes(type, requests[_i].bytes, requests[_i].len);
	if (c.type == SSH_FXP_STATUS && requests[_i].len < 40)
		ck_assert_uint_ne(heard_status(&c), SSH_FX_BAD_MESSAGE);
	ck_assert_str_eq(ask_name(&c, SSH_FXP_REALPATH, "s", "/"), "/");
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	bool after_init;
} violations[] = {
    {"\0\0\0\0", 4, true}, /* empty packet */
    {"\0\4\0\1", 4, true}, /* one byte too long */
    {"\377\377\377\377", 4, true}, /* four gigabytes */
    {"\0\0\0\4\21\0\0\0", 8, true}, /* no room for an id */
    {"\0\0\0\5\1\0\0\0\3", 9, true}, /* INIT again */
    {"\0\0\0\12\20\0\0\0\1\0\0\0\1/", 14, false}, /* before INIT */
    {"\0\0\0\3\1\0\0", 7, false}, /* INIT cut */
};

START_TEST(a_broken_frame_ends_the_session)
{
	tree_make(&c);
	if (violations[_i].after_init)
		client_serve(&c, &plain, NULL);
	else
		client_serve_raw(&c, &plain, NULL);
	ck_assert_int_eq(
	    send(c.fd, violations[_i].bytes, violations[_i].len, 0),
	    (ssize_t)violations[_i].len);
	ck_assert(!hear(&c));
	ck_assert_int_eq(client_end(&c), SFTP_EXIT_PROTOCOL);
}
END_TEST

START_TEST(an_old_client_gets_its_version_and_no_texts)
{
	tree_make(&c);
	client_serve_raw(&c, &plain, NULL);
	ck_assert_int_eq(send(c.fd, "\0\0\0\5\1\0\0\0\2", 9, 0), 9);
	ck_assert(hear(&c));
	ck_assert_uint_eq(c.type, SSH_FXP_VERSION);
	ask(&c, SSH_FXP_STAT, "s", "none");
	ck_assert(hear(&c));
	ck_assert_uint_eq(c.reply_len, 9);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* All sent before one answer is read. */
START_TEST(ten_thousand_requests_are_answered_in_order)
{
	start();
	for (int i = 0; i < 10000; i++)
		ask(&c, SSH_FXP_STAT, "s", i % 2 == 0 ? "a" : "none");
	for (uint32_t i = 0; i < 10000; i++) {
		ck_assert(hear(&c));
		ck_assert_uint_eq(c.reply_id, i + 2);
		ck_assert_uint_eq(
		    c.type, i % 2 == 0 ? SSH_FXP_ATTRS : SSH_FXP_STATUS);
	}
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(ten_thousand_reads_are_answered_in_order)
{
	static uint8_t data[65536];
	const uint8_t *got;
	uint32_t h;
	size_t len;

	tree_make(&c);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 11 + i / 256);
	tree_write(&c, "big", data, sizeof(data));
	client_serve(&c, &plain, NULL);
	h = ask_handle(&c, SSH_FXP_OPEN, "su.", "big", SSH_FXF_READ);
	/* by reference, copied, at the end: in turn */
	for (uint32_t i = 0; i < 10000; i++)
		ask(&c, SSH_FXP_READ, "hqu", h,
		    i % 3 == 2 ? UINT64_C(65536) : (uint64_t)(i % 1000),
		    i % 3 == 0 ? 20000u : 100u);
	for (uint32_t i = 0; i < 10000; i++) {
		ck_assert(hear(&c));
		ck_assert_uint_eq(c.reply_id, i + 3);
		if (i % 3 == 2) {
			ck_assert_uint_eq(heard_status(&c), SSH_FX_EOF);
			continue;
		}
		got = rd_string(&c.r, 20000, &len);
		ck_assert_uint_eq(len, i % 3 == 0 ? 20000 : 100);
		ck_assert_mem_eq(got, &data[i % 1000], len);
	}
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* Bytes of anonymous memory the server has. */
static long
server_memory(void)
{
	char path[64], line[256];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)c.pid);
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "RssAnon: %ld kB", &kb) == 1)
			break;
	fclose(f);
	return kb * 1024;
}

START_TEST(a_client_that_does_not_read_is_not_served_for_ever)
{
	static uint8_t bytes[64 * 14];
	size_t accepted = 0;
	ssize_t n;
	int idle = 0;

	start();
	for (size_t i = 0; i < 64; i++) /* realpath "/" */
		memcpy(&bytes[i * 14], "\0\0\0\12\20\0\0\0\1\0\0\0\1/", 14);
	while (idle < 50) {
		n = send(c.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0) {
			accepted += (size_t)n;
			idle = n == sizeof(bytes) ? 0 : 50;
		} else {
			ck_assert_int_eq(errno, EAGAIN);
			usleep(10000);
			idle++;
		}
		ck_assert_uint_lt(accepted, 16u << 20);
	}
	ck_assert_uint_gt(accepted, 100000);
#ifndef __SANITIZE_ADDRESS__ /* its shadow is not the server's */
	ck_assert_int_lt(server_memory(), 4 << 20);
#else
	(void)server_memory();
#endif
	client_end(&c);
}
END_TEST

START_TEST(a_client_that_goes_away_is_told_of)
{
	uint32_t h;

	start();
	h = ask_handle(
	    &c, SSH_FXP_OPEN, "su.", "n", SSH_FXF_WRITE | SSH_FXF_CREAT);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_WRITE, "hqs", h, UINT64_C(0), "hello"), 0);
	/* half a packet */
	ck_assert_int_eq(send(c.fd, "\0\0\1\0\6", 5, 0), 5);
	client_end(&c);
	ck_assert_ptr_nonnull(strstr(
	    client_events(&c), "forced close \"n\" bytes read 0 written 5\n"));
	ck_assert_ptr_nonnull(strstr(client_events(&c), "session summary: "));
}
END_TEST

/* It asks for megabytes and closes: the server must notice while writing. */
START_TEST(a_client_that_goes_away_under_load_ends_the_server)
{
	static uint8_t data[SFTP_DATA_MAX];
	uint32_t h;

	tree_make(&c);
	tree_write(&c, "big", data, sizeof(data));
	client_serve(&c, &plain, NULL);
	h = ask_handle(&c, SSH_FXP_OPEN, "su.", "big", SSH_FXF_READ);
	for (int i = 0; i < 64; i++)
		ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), SFTP_DATA_MAX);
	usleep(50000);
	ck_assert_int_eq(client_end(&c), SFTP_EXIT_LOST);
	ck_assert_ptr_nonnull(strstr(client_events(&c), "session summary: "));
}
END_TEST

START_TEST(after_the_client_s_end_all_is_answered)
{
	start();
	for (int i = 0; i < 1000; i++)
		ask(&c, SSH_FXP_STAT, "s", "a");
	ck_assert_int_eq(shutdown(c.fd, SHUT_WR), 0);
	for (int i = 0; i < 1000; i++)
		ck_assert(hear(&c));
	ck_assert(!hear(&c));
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

Suite *
suite_robust(void)
{
	Suite *s = suite_create("robust");
	TCase *t = tcase_create("robust");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_cut_of_every_request_gets_one_answer, 0,
	    (int)(sizeof(requests) / sizeof(requests[0])));
	tcase_add_loop_test(t, a_broken_frame_ends_the_session, 0,
	    (int)(sizeof(violations) / sizeof(violations[0])));
	tcase_add_test(t, an_old_client_gets_its_version_and_no_texts);
	tcase_add_test(t, ten_thousand_requests_are_answered_in_order);
	tcase_add_test(t, ten_thousand_reads_are_answered_in_order);
	tcase_add_test(t, a_client_that_does_not_read_is_not_served_for_ever);
	tcase_add_test(t, a_client_that_goes_away_is_told_of);
	tcase_add_test(t, a_client_that_goes_away_under_load_ends_the_server);
	tcase_add_test(t, after_the_client_s_end_all_is_answered);
	suite_add_tcase(s, t);
	return s;
}
