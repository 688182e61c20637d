/*
 * The parts that need no session: attributes, handles, statuses, names,
 * request lists, peers, and the text of events.
 */
#include "daemon/sftp/names.h"
#include "daemon/sftp/server.h"
#include "lib/err.h"
#include "tests/unit/sftp/suites.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *bytes;
	size_t len;
	int err;
	struct sftp_attr attr;
} attrs[] = {
    {"\0\0\0\0", 4, 0, {.flags = 0}},
    {"\0\0\0\1\0\0\0\1\0\0\0\2", 12, 0, {.flags = 1, .size = 0x100000002}},
    {"\0\0\0\2\0\0\0\5\0\0\0\6", 12, 0, {.flags = 2, .uid = 5, .gid = 6}},
    {"\0\0\0\4\0\0\201\244", 8, 0, {.flags = 4, .permissions = 0100644}},
    {"\0\0\0\10\0\0\0\1\377\377\377\377", 12, 0,
	{.flags = 8, .atime = 1, .mtime = UINT32_MAX}},
    {"\0\0\0\14\0\0\0\7\0\0\0\1\0\0\0\2", 16, 0,
	{.flags = 12, .permissions = 7, .atime = 1, .mtime = 2}},
    /* two extended pairs, of which nothing is kept */
    {"\200\0\0\0\0\0\0\2\0\0\0\1a\0\0\0\1b\0\0\0\0\0\0\0\1c", 27, 0,
	{.flags = 0x80000000u}},
    /* four thousand million pairs announced, none there */
    {"\200\0\0\0\377\377\377\377", 8, E_TRUNCATED, {.flags = 0x80000000u}},
};

START_TEST(attributes_are_read_and_every_cut_is_noticed)
{
	struct sftp_attr attr;
	struct rd r;

	rd_init(&r, attrs[_i].bytes, attrs[_i].len);
	attr_read(&r, &attr);
	ck_assert_int_eq(rd_end(&r), attrs[_i].err);
	ck_assert_mem_eq(&attr, &attrs[_i].attr, sizeof(attr));
	for (size_t cut = 0; cut < attrs[_i].len; cut++) {
		rd_init(&r, attrs[_i].bytes, cut);
		attr_read(&r, &attr);
		ck_assert_int_eq(rd_end(&r), E_TRUNCATED);
	}
}
END_TEST

START_TEST(times_beyond_32_bits_go_to_the_end)
{
	struct stat st = {.st_mode = S_IFREG | 0644, .st_size = 7};
	struct sftp_attr attr;
	struct buf b;
	struct rd r;

	st.st_atime = -5;
	st.st_mtime = (time_t)UINT32_MAX + 10;
	buf_init(&b, 64);
	attr_write(&b, &st);
	rd_init(&r, b.data, b.len);
	attr_read(&r, &attr);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_uint_eq(attr.flags, 0xf);
	ck_assert_uint_eq(attr.size, 7);
	ck_assert_uint_eq(attr.atime, 0);
	ck_assert_uint_eq(attr.mtime, UINT32_MAX);
	buf_free(&b);
}
END_TEST

static const struct {
	int error;
	uint32_t status;
} statuses[] = {
    {0, SSH_FX_OK},
    {ENOENT, SSH_FX_NO_SUCH_FILE},
    {ENOTDIR, SSH_FX_NO_SUCH_FILE},
    {ELOOP, SSH_FX_NO_SUCH_FILE},
    {EACCES, SSH_FX_PERMISSION_DENIED},
    {EPERM, SSH_FX_PERMISSION_DENIED},
    {ENOSPC, SSH_FX_FAILURE},
    {EDQUOT, SSH_FX_FAILURE},
    {EFBIG, SSH_FX_FAILURE},
    {EEXIST, SSH_FX_FAILURE},
    {ENOTEMPTY, SSH_FX_FAILURE},
    {ENAMETOOLONG, SSH_FX_BAD_MESSAGE},
    {EINVAL, SSH_FX_BAD_MESSAGE},
    {ENOSYS, SSH_FX_OP_UNSUPPORTED},
    {EIO, SSH_FX_FAILURE},
};

START_TEST(errors_have_the_status_that_clients_know)
{
	ck_assert_uint_eq(
	    sftp_status_of(statuses[_i].error), statuses[_i].status);
}
END_TEST

START_TEST(a_closed_handle_stays_closed)
{
	struct sftp_handles t;
	struct sftp_handle *h;
	uint32_t first, second;

	handles_init(&t, 2);
	h = handles_add(&t, open("/dev/null", O_RDONLY), NULL, "a", &first);
	ck_assert_ptr_eq(handles_find(&t, first), h);
	ck_assert_ptr_null(handles_find(&t, first + 1));
	ck_assert_ptr_null(handles_find(&t, first | 0x10000));
	ck_assert_int_eq(handles_close(&t, h), 0);
	ck_assert_ptr_null(handles_find(&t, first));
	h = handles_add(&t, open("/dev/null", O_RDONLY), NULL, "b", &second);
	ck_assert_uint_ne(first, second);
	ck_assert_ptr_null(handles_find(&t, first));
	ck_assert_str_eq(handles_find(&t, second)->path, "b");
	handles_add(&t, open("/dev/null", O_RDONLY), NULL, "c", &first);
	ck_assert(!handles_have_room(&t));
	handles_close(&t, handles_find(&t, second));
	ck_assert(handles_have_room(&t));
	handles_close(&t, handles_find(&t, first));
	handles_free(&t);
}
END_TEST

START_TEST(a_long_name_is_a_line_of_ls)
{
	struct stat st = {.st_mode = S_IFDIR | S_ISVTX | 01777,
	    .st_nlink = 3,
	    .st_uid = 4000000001u,
	    .st_gid = 4000000002u,
	    .st_size = 4096};
	char line[512];
	size_t len;

	setenv("TZ", "UTC0", 1);
	st.st_mtime = 86400;
	len = names_long(line, sizeof(line), "a b", &st, true);
	ck_assert_str_eq(line,
	    "drwxrwxrwt    3 4000000001 4000000002     4096 Jan  2  1970 a b");
	ck_assert_uint_eq(len, strlen(line));
	st.st_mode = S_IFREG | 06640;
	st.st_size = INT64_MAX;
	st.st_uid = st.st_gid = 1;
	names_long(line, sizeof(line), "x", &st, true);
	ck_assert_str_eq(line,
	    "-rwSr-S---    3 1        1        9223372036854775807 "
	    "Jan  2  1970 x");
	/* A line that is too long is cut, never overrun. */
	len = names_long(line, 20, "x", &st, true);
	ck_assert_uint_eq(len, 19);
	ck_assert_uint_eq(strlen(line), 19);
}
END_TEST

START_TEST(a_recent_time_has_a_clock)
{
	struct stat st = {.st_mode = S_IFREG | 0644, .st_nlink = 1};
	char line[512], want[64];
	time_t when = time(NULL) - 3600;
	struct tm tm;

	st.st_mtime = when;
	names_long(line, sizeof(line), "x", &st, true);
	localtime_r(&when, &tm);
	strftime(want, sizeof(want), " %b %e %H:%M x", &tm);
	ck_assert_msg(strstr(line, want) != NULL, "%s lacks %s", line, want);
}
END_TEST

static const struct {
	const char *peer;
	bool swaps;
} peers[] = {
    {NULL, false},
    {"", false},
    {"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10", false},
    {"SSH-2.0-ssh2js1.15.0", true},
    {"SSH-2.0-ssh2js0.4.10", true},
    {"SSH-2.0-AsyncSSH_2.10.1", true},
    {"SSH-2.0-libssh_0.10.6", true},
    {"SSH-2.0-libssh-0.5.4", true},
    {"SSH-2.0-libssh_0.11.5", true},
    {"SSH-2.0-libssh2_1.10.0", false},
    {"SSH-2.0-Guile-SSH_0.16", true},
    {"SSH-2.0-WinSCP_release_6.3.5", true},
    {"SSH-2.0-phpseclib_3.0 (openssl, gmp)", true},
    {"SSH-2.0-PuTTY_Release_0.78", false},
    {"SSH-2.0-paramiko_2.12.0", false},
    {"ssh2js1.0", false},
};

START_TEST(peers_of_the_draft_are_known_by_name)
{
	const char *peer = peers[_i].peer;
	bool libssh = peers[_i].swaps &&
	    (strstr(peer, "libssh") != NULL || strstr(peer, "Guile") != NULL);

	ck_assert_int_eq(
	    sftp_peer_swaps_symlink(peer, "sallyport_1"), peers[_i].swaps);
	ck_assert(!sftp_peer_swaps_symlink(peer, "OpenSSH_9.9"));
	/* libssh looks for a number behind the name. */
	ck_assert_int_eq(
	    sftp_peer_swaps_symlink(peer, "OpenSSH_compatible_sallyport_1"),
	    libssh);
	ck_assert_int_eq(sftp_peer_swaps_symlink(peer, "OpenSSH"), libssh);
}
END_TEST

START_TEST(request_lists_are_checked_name_by_name)
{
	const char *bad;
	size_t len;
	int count = 0;

	ck_assert(sftp_requests_known("open,posix-rename,limits", &bad, &len));
	ck_assert(sftp_requests_known("", &bad, &len));
	ck_assert(!sftp_requests_known("open,opem,close", &bad, &len));
	ck_assert_uint_eq(len, 4);
	ck_assert_int_eq(strncmp(bad, "opem", 4), 0);
	ck_assert(!sftp_requests_known("open,,close", &bad, &len));
	while (sftp_request_name((size_t)count) != NULL)
		count++;
	ck_assert_int_eq(count, 29);
}
END_TEST

static char told[8][512];
static int told_count;

static void
keep(void *context, const char *text)
{
	(void)context;
	if (told_count < 8)
		strncpy(told[told_count++], text, sizeof(told[0]) - 1);
}

START_TEST(a_path_cannot_end_its_quotation)
{
	struct sftp_event e = {.type = SFTP_EVENT_RENAME,
	    .request = "rename",
	    .path = "a\"b\\c\nd\033",
	    .new_path = "\303\244\177 x",
	    .status = SSH_FX_FAILURE,
	    .error = EEXIST};

	sftp_event_lines(&e, "u", "h", keep, NULL);
	ck_assert_int_eq(told_count, 2);
	ck_assert_str_eq(told[0],
	    "rename old \"a\\\"b\\\\c\\012d\\033\" new "
	    "\"\\303\\244\\177 x\"");
	ck_assert_str_eq(told[1], "sent status Failure: File exists");
}
END_TEST

START_TEST(a_path_of_nothing_but_control_bytes_is_told_whole)
{
	static char path[PATH_MAX];
	struct sftp_event e = {
	    .type = SFTP_EVENT_REMOVE, .request = "remove", .path = path};

	memset(path, 1, sizeof(path) - 1);
	sftp_event_lines(&e, "u", "h", keep, NULL);
	ck_assert_int_eq(told_count, 1);
	ck_assert_int_eq(strncmp(told[0], "remove name \"\\001\\001", 21), 0);
}
END_TEST

Suite *
suite_codec(void)
{
	Suite *s = suite_create("codec");
	TCase *t = tcase_create("codec");

	tcase_add_loop_test(t, attributes_are_read_and_every_cut_is_noticed, 0,
	    (int)(sizeof(attrs) / sizeof(attrs[0])));
	tcase_add_test(t, times_beyond_32_bits_go_to_the_end);
	tcase_add_loop_test(t, errors_have_the_status_that_clients_know, 0,
	    (int)(sizeof(statuses) / sizeof(statuses[0])));
	tcase_add_test(t, a_closed_handle_stays_closed);
	tcase_add_test(t, a_long_name_is_a_line_of_ls);
	tcase_add_test(t, a_recent_time_has_a_clock);
	tcase_add_loop_test(t, peers_of_the_draft_are_known_by_name, 0,
	    (int)(sizeof(peers) / sizeof(peers[0])));
	tcase_add_test(t, request_lists_are_checked_name_by_name);
	tcase_add_test(t, a_path_cannot_end_its_quotation);
	tcase_add_test(t, a_path_of_nothing_but_control_bytes_is_told_whole);
	suite_add_tcase(s, t);
	return s;
}
