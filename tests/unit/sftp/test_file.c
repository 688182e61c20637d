/*
 * Requests on open files: what is written is what is read, and nothing is
 * lost by a request that fails.
 */
#include "tests/unit/sftp/client.h"
#include "tests/unit/sftp/suites.h"
#include "tests/unit/unit.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct client c;
static uint8_t data[SFTP_DATA_MAX];
static const struct sftp_options plain = {.no_names = true};

#define RD SSH_FXF_READ
#define WR SSH_FXF_WRITE
#define CR SSH_FXF_CREAT
#define TR SSH_FXF_TRUNC
#define EX SSH_FXF_EXCL
#define AP SSH_FXF_APPEND

static void
start(const struct sftp_options *o)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	tree_make(&c);
	tree_write(&c, "old", "0123456789", 10);
	client_serve(&c, o, NULL);
}

static uint32_t
open_it(const char *name, uint32_t flags)
{
	return ask_handle(&c, SSH_FXP_OPEN, "su.", name, flags);
}

static void
send_write(uint32_t handle, uint64_t offset, const void *bytes, size_t len)
{
	struct buf *b = ask_begin(&c, SSH_FXP_WRITE);

	buf_u32(b, 4);
	buf_u32(b, handle);
	buf_u64(b, offset);
	buf_string(b, bytes, len);
	ask_send(&c);
}

static uint32_t
write_it(uint32_t handle, uint64_t offset, const void *bytes, size_t len)
{
	send_write(handle, offset, bytes, len);
	ck_assert(hear(&c));
	ck_assert_uint_eq(c.reply_id, c.id);
	return heard_status(&c);
}

/* Expect len bytes of data[from..]. */
static void
hear_data(const uint8_t *want, size_t want_len)
{
	const uint8_t *got;
	size_t len;

	ck_assert(hear(&c));
	ck_assert_uint_eq(c.type, SSH_FXP_DATA);
	got = rd_string(&c.r, SFTP_DATA_MAX, &len);
	ck_assert_int_eq(rd_end(&c.r), 0);
	ck_assert_uint_eq(len, want_len);
	ck_assert_mem_eq(got, want, len);
}

START_TEST(what_is_put_is_got)
{
	uint32_t h, sizes[] = {1, 4095, 16384, 32768, 100000, SFTP_DATA_MAX};
	uint64_t at = 0, total = 0;

	start(&plain);
	h = open_it("new", RD | WR | CR | TR);
	for (size_t i = 0; i < 6; i++) {
		ck_assert_uint_eq(write_it(h, total, data, sizes[i]), 0);
		total += sizes[i];
	}
	ck_assert_int_eq(tree_size(&c, "new"), (off_t)total);
	/* Single, then all at once, which go out behind one another. */
	for (int pass = 0; pass < 2; pass++) {
		at = 0;
		for (size_t i = 0; i < 6; i++) {
			ask(&c, SSH_FXP_READ, "hqu", h, at, sizes[i]);
			at += sizes[i];
			if (pass == 0)
				hear_data(data, sizes[i]);
		}
		for (size_t i = 0; i < 6 && pass == 1; i++)
			hear_data(data, sizes[i]);
	}
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READ, "hqu", h, at, 1u), SSH_FX_EOF);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_CLOSE, "h", h), SSH_FX_OK);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_CLOSE, "h", h), SSH_FX_FAILURE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(a_read_is_cut_at_the_limit_and_at_the_end)
{
	uint32_t h;

	start(&plain);
	tree_write(&c, "a", data, sizeof(data));
	h = open_it("a", RD);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), UINT32_MAX);
	hear_data(data, SFTP_DATA_MAX);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(200000), 100000u);
	hear_data(&data[200000], SFTP_DATA_MAX - 200000);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(261000), 32768u);
	hear_data(&data[261000], SFTP_DATA_MAX - 261000);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* The header goes out with a forecast; here the forecast is wrong. */
START_TEST(a_file_cut_while_it_is_read_ends_there)
{
	uint32_t h;

	start(&plain);
	tree_write(&c, "a", data, sizeof(data));
	h = open_it("a", RD);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 65536u);
	hear_data(data, 65536);
	ck_assert_int_eq(truncate(tree_path(&c, "a"), 100000), 0);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 65536u);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(65536), 65536u);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 65536u);
	hear_data(data, 65536);
	hear_data(&data[65536], 100000 - 65536);
	hear_data(data, 65536);
	ck_assert_int_eq(truncate(tree_path(&c, "a"), 0), 0);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 65536u),
	    SSH_FX_EOF);
	/* and growing again is noticed too */
	tree_write(&c, "a", data, sizeof(data));
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 65536u);
	hear_data(data, 65536);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(offsets_reach_to_the_last)
{
	const uint64_t last = INT64_MAX;
	uint32_t h;

	start(&plain);
	h = open_it("old", RD | WR);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READ, "hqu", h, last, 10u), SSH_FX_EOF);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READ, "hqu", h, last - 5, 100000u),
	    SSH_FX_EOF);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_READ, "hqu", h, last + 1, 10u),
	    SSH_FX_BAD_MESSAGE);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READ, "hqu", h, UINT64_MAX, 10u),
	    SSH_FX_BAD_MESSAGE);
	ck_assert_uint_eq(write_it(h, last, "x", 1), SSH_FX_FAILURE);
	ck_assert_str_eq(c.text, "File too large");
	ck_assert_uint_eq(write_it(h, last - 1, "xy", 2), SSH_FX_FAILURE);
	ck_assert_uint_eq(write_it(h, UINT64_MAX, "x", 1), SSH_FX_FAILURE);
	ck_assert_uint_eq(write_it(h, UINT64_C(5) << 30, "x", 1), SSH_FX_OK);
	ck_assert_int_eq(tree_size(&c, "old"), (off_t)(5LL << 30) + 1);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* status 100: a handle.  size: of "old" afterwards (10 at first). */
static const struct {
	const char *name;
	uint32_t flags;
	uint32_t status;
	off_t size;
} opens[] = {
    {"old", RD, 100, 10},
    {"old", WR, 100, 10},
    {"old", RD | WR, 100, 10},
    {"old", WR | CR, 100, 10},
    {"old", WR | AP, 100, 10},
    {"old", WR | CR | TR, 100, 0},
    {"old", WR | TR, 100, 0},
    {"old", RD | TR, SSH_FX_BAD_MESSAGE, 10},
    {"old", TR, SSH_FX_BAD_MESSAGE, 10},
    {"old", WR | CR | EX, SSH_FX_FAILURE, 10},
    {"old", WR | CR | EX | TR, SSH_FX_FAILURE, 10},
    {"old/x", WR | CR | TR, SSH_FX_NO_SUCH_FILE, 10},
    {"none", RD, SSH_FX_NO_SUCH_FILE, 10},
    {"none", WR | TR, SSH_FX_NO_SUCH_FILE, 10},
    {"none", WR | CR | EX, 100, 10},
    {".", WR, SSH_FX_FAILURE, 10},
    {"", RD, SSH_FX_NO_SUCH_FILE, 10},
};

START_TEST(open_does_what_its_flags_say_and_no_more)
{
	start(&plain);
	ask(&c, SSH_FXP_OPEN, "su.", opens[_i].name, opens[_i].flags);
	ck_assert(hear(&c));
	if (opens[_i].status == 100)
		ck_assert_uint_eq(c.type, SSH_FXP_HANDLE);
	else
		ck_assert_uint_eq(heard_status(&c), opens[_i].status);
	ck_assert_int_eq(tree_size(&c, "old"), opens[_i].size);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

static void
few_descriptors(const struct client *client)
{
	struct rlimit r = {40, 40};

	(void)client;
	setrlimit(RLIMIT_NOFILE, &r);
}

START_TEST(without_room_for_a_handle_nothing_is_truncated)
{
	uint32_t count = 0, handle = 0;

	tree_make(&c);
	tree_write(&c, "old", "0123456789", 10);
	client_serve(&c, &plain, few_descriptors);
	for (;;) {
		ask(&c, SSH_FXP_OPEN, "su.", "old", RD);
		ck_assert(hear(&c));
		if (c.type != SSH_FXP_HANDLE)
			break;
		(void)rd_u32(&c.r);
		handle = rd_u32(&c.r);
		count++;
		ck_assert_uint_le(count, 40);
	}
	ck_assert_uint_eq(count, 40 - SFTP_SPARE_FDS);
	ck_assert_uint_eq(heard_status(&c), SSH_FX_FAILURE);
	ck_assert_str_eq(c.text, "Too many open files");
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_OPEN, "su.", "old", WR | CR | TR),
	    SSH_FX_FAILURE);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_OPENDIR, "s", "."), SSH_FX_FAILURE);
	ck_assert_int_eq(tree_size(&c, "old"), 10);
	ask(&c, SSH_FXP_EXTENDED, "s", "limits@openssh.com");
	ck_assert(hear(&c));
	ck_assert_uint_eq(rd_u64(&c.r), SFTP_PACKET_MAX);
	ck_assert_uint_eq(rd_u64(&c.r), SFTP_DATA_MAX);
	ck_assert_uint_eq(rd_u64(&c.r), SFTP_DATA_MAX);
	ck_assert_uint_eq(rd_u64(&c.r), count);
	ck_assert_int_eq(rd_end(&c.r), 0);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_CLOSE, "h", handle), 0);
	open_it("old", RD);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(a_handle_serves_only_what_it_was_opened_for)
{
	uint32_t file, directory;

	start(&plain);
	file = open_it("old", RD);
	directory = ask_handle(&c, SSH_FXP_OPENDIR, "s", ".");
	ck_assert_uint_eq(write_it(file, 0, "x", 1), SSH_FX_PERMISSION_DENIED);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READDIR, "h", file), SSH_FX_FAILURE);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READ, "hqu", directory, UINT64_C(0), 10u),
	    SSH_FX_FAILURE);
	ck_assert_uint_eq(write_it(directory, 0, "x", 1), SSH_FX_FAILURE);
	ck_assert_uint_eq(write_it(0xffffffff, 0, "x", 1), SSH_FX_FAILURE);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_CLOSE, "s", "12345"), SSH_FX_FAILURE);
	ck_assert_int_eq(tree_size(&c, "old"), 10);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(append_goes_to_the_end_whatever_the_offset)
{
	uint32_t h;
	char text[32] = "";
	int fd;

	start(&plain);
	h = open_it("old", WR | AP);
	send_write(h, 0, "ab", 2);
	send_write(h, 2, "cd", 2);
	for (int i = 0; i < 2; i++) {
		ck_assert(hear(&c));
		ck_assert_uint_eq(heard_status(&c), SSH_FX_OK);
	}
	fd = open(tree_path(&c, "old"), O_RDONLY);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 14);
	ck_assert_str_eq(text, "0123456789abcd");
	close(fd);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* Many WRITEs in one stream, of which some are one system call. */
START_TEST(each_pipelined_write_has_its_own_answer)
{
	static uint8_t whole[200 * 1000];
	uint32_t h, other, first;
	int fd;

	start(&plain);
	h = open_it("new", WR | CR);
	other = open_it("other", WR | CR);
	first = c.id + 1;
	for (uint64_t i = 0; i < 200; i++) {
		if (i % 50 == 7) /* out of order, elsewhere */
			send_write(other, 5, "?", 1);
		send_write(h, i * 1000, &data[i * 1000], 1000);
	}
	for (uint32_t id = first; id <= c.id; id++) {
		ck_assert(hear(&c));
		ck_assert_uint_eq(c.reply_id, id);
		ck_assert_uint_eq(heard_status(&c), SSH_FX_OK);
	}
	fd = open(tree_path(&c, "new"), O_RDONLY);
	ck_assert_int_eq(read(fd, whole, sizeof(whole)), sizeof(whole));
	ck_assert_mem_eq(whole, data, sizeof(whole));
	close(fd);
	ck_assert_int_eq(tree_size(&c, "other"), 6);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

static void
small_files(const struct client *client)
{
	struct rlimit r = {2500, 2500};

	(void)client;
	setrlimit(RLIMIT_FSIZE, &r);
}

START_TEST(a_write_that_meets_a_limit_fails_alone)
{
	static const uint32_t want[] = {
	    SSH_FX_OK, SSH_FX_OK, SSH_FX_FAILURE, SSH_FX_FAILURE};
	uint32_t h;

	tree_make(&c);
	client_serve(&c, &plain, small_files);
	h = open_it("new", WR | CR);
	for (uint64_t i = 0; i < 4; i++)
		send_write(h, i * 1000, data, 1000);
	for (int i = 0; i < 4; i++) {
		ck_assert(hear(&c));
		ck_assert_uint_eq(heard_status(&c), want[i]);
	}
	ck_assert_str_eq(c.text, "File too large");
	ck_assert_int_eq(tree_size(&c, "new"), 2500);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_CLOSE, "h", h), SSH_FX_OK);
	ck_assert_int_eq(client_end(&c), 0);
	ck_assert_ptr_nonnull(strstr(
	    client_events(&c), "close \"new\" bytes read 0 written 2500\n"));
}
END_TEST

static void
small_disk(const struct client *client)
{
	if (!unit_mounts_apart() ||
	    mount("tmpfs", client->root, "tmpfs", 0, "size=64k") != 0)
		exit(77);
}

START_TEST(a_full_disk_is_told_as_such)
{
	uint32_t h;

	if (geteuid() != 0)
		return; /* needs a file system of its own */
	tree_make(&c);
	client_serve(&c, &plain, small_disk);
	h = open_it("new", WR | CR);
	ck_assert_uint_eq(write_it(h, 0, data, 60000), SSH_FX_OK);
	ck_assert_uint_eq(write_it(h, 60000, data, 60000), SSH_FX_FAILURE);
	ck_assert_str_eq(c.text, "No space left on device");
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(attributes_of_an_open_file_are_seen_and_set)
{
	struct stat st;
	uint32_t h;

	start(&plain);
	h = open_it("old", RD | WR);
	ask(&c, SSH_FXP_FSTAT, "h", h);
	ck_assert(hear(&c));
	ck_assert_uint_eq(c.type, SSH_FXP_ATTRS);
	ck_assert_uint_eq(rd_u32(&c.r), 0xf);
	ck_assert_uint_eq(rd_u64(&c.r), 10);
	ck_assert_uint_eq(rd_u32(&c.r), getuid());
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_FSETSTAT, "huu", h,
			      SSH_FILEXFER_ATTR_PERMISSIONS, 0600u),
	    SSH_FX_OK);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_FSETSTAT, "huuu", h,
			      SSH_FILEXFER_ATTR_ACMODTIME, 1000u, 2000u),
	    SSH_FX_OK);
	ck_assert_int_eq(stat(tree_path(&c, "old"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_atime, 1000);
	ck_assert_int_eq(st.st_mtime, 2000);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_FSETSTAT, "huq", h,
			      SSH_FILEXFER_ATTR_SIZE, UINT64_C(4)),
	    SSH_FX_OK);
	ck_assert_int_eq(tree_size(&c, "old"), 4);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_FSETSTAT, "huq", h,
			      SSH_FILEXFER_ATTR_SIZE, UINT64_MAX),
	    SSH_FX_FAILURE);
	/* An attribute that cannot be set does not keep the others from being
	 * set. */
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_FSETSTAT, "huquuu", h,
		SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS |
		    SSH_FILEXFER_ATTR_ACMODTIME,
		UINT64_MAX, 0640u, 3000u, 4000u),
	    SSH_FX_FAILURE);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_SETSTAT, "suquuu", "old",
		SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS |
		    SSH_FILEXFER_ATTR_ACMODTIME,
		UINT64_MAX, 0640u, 3000u, 4000u),
	    SSH_FX_FAILURE);
	ck_assert_int_eq(stat(tree_path(&c, "old"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_atime, 3000);
	ck_assert_int_eq(st.st_mtime, 4000);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "sh", "fsync@openssh.com", h),
	    SSH_FX_OK);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

#define COPY "copy-data"

START_TEST(data_is_copied_between_handles)
{
	char text[64] = "";
	uint32_t from, to;
	int fd;

	start(&plain);
	from = open_it("old", RD);
	to = open_it("new", WR | CR);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", COPY, from,
			      UINT64_C(2), UINT64_C(3), to, UINT64_C(1)),
	    SSH_FX_OK);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", COPY, from,
			      UINT64_C(6), UINT64_C(0), to, UINT64_C(4)),
	    SSH_FX_OK);
	fd = open(tree_path(&c, "new"), O_RDONLY);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 8);
	ck_assert_mem_eq(text, "\0002346789", 8);
	close(fd);
	/* appended: not for the kernel's copy, by hand */
	to = open_it("new", WR | AP);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", COPY, from,
			      UINT64_C(0), UINT64_C(2), to, UINT64_C(0)),
	    SSH_FX_OK);
	ck_assert_int_eq(tree_size(&c, "new"), 10);
	/* the wrong way, and beyond the end */
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", COPY, to,
			      UINT64_C(0), UINT64_C(0), from, UINT64_C(0)),
	    SSH_FX_PERMISSION_DENIED);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", COPY, from,
			      UINT64_C(100), UINT64_C(0), to, UINT64_C(0)),
	    SSH_FX_OK);
	ck_assert_int_eq(tree_size(&c, "old"), 10);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(a_file_is_not_copied_onto_itself)
{
	uint32_t from, to, linked;

	start(&plain);
	ck_assert_int_eq(link(tree_path(&c, "old"), tree_path(&c, "twin")), 0);
	from = open_it("old", RD);
	to = open_it("old", WR);
	linked = open_it("twin", WR | AP);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", COPY, from,
			      UINT64_C(0), UINT64_C(0), to, UINT64_C(5)),
	    SSH_FX_BAD_MESSAGE);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", COPY, from,
			      UINT64_C(0), UINT64_C(0), linked, UINT64_C(5)),
	    SSH_FX_BAD_MESSAGE);
	ck_assert_int_eq(tree_size(&c, "old"), 10);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* Opening one must not hang; the session goes on. */
START_TEST(a_fifo_does_not_stop_the_session)
{
	uint32_t h;

	start(&plain);
	ck_assert_int_eq(mkfifo(tree_path(&c, "fifo"), 0600), 0);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_OPEN, "su.", "fifo", WR), SSH_FX_FAILURE);
	h = open_it("fifo", RD);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 65536u),
	    SSH_FX_FAILURE);
	ck_assert_uint_ne(ask_status(&c, SSH_FXP_SETSTAT, "suq", "fifo",
			      SSH_FILEXFER_ATTR_SIZE, UINT64_C(0)),
	    SSH_FX_OK);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* Files of /proc have no size and yet data. */
START_TEST(a_file_without_a_size_is_read_to_its_end)
{
	const uint8_t *text;
	uint32_t h;
	size_t len;

	start(&plain);
	h = open_it("/proc/self/limits", RD);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 65536u);
	ck_assert(hear(&c));
	ck_assert_uint_eq(c.type, SSH_FXP_DATA);
	text = rd_string(&c.r, 65536, &len);
	ck_assert_uint_ge(len, 100);
	ck_assert_mem_eq(text, "Limit", 5);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

Suite *
suite_file(void)
{
	Suite *s = suite_create("file");
	TCase *t = tcase_create("file");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_is_put_is_got);
	tcase_add_test(t, a_read_is_cut_at_the_limit_and_at_the_end);
	tcase_add_test(t, a_file_cut_while_it_is_read_ends_there);
	tcase_add_test(t, offsets_reach_to_the_last);
	tcase_add_loop_test(t, open_does_what_its_flags_say_and_no_more, 0,
	    (int)(sizeof(opens) / sizeof(opens[0])));
	tcase_add_test(t, without_room_for_a_handle_nothing_is_truncated);
	tcase_add_test(t, a_handle_serves_only_what_it_was_opened_for);
	tcase_add_test(t, append_goes_to_the_end_whatever_the_offset);
	tcase_add_test(t, each_pipelined_write_has_its_own_answer);
	tcase_add_test(t, a_write_that_meets_a_limit_fails_alone);
	tcase_add_test(t, a_full_disk_is_told_as_such);
	tcase_add_test(t, attributes_of_an_open_file_are_seen_and_set);
	tcase_add_test(t, data_is_copied_between_handles);
	tcase_add_test(t, a_file_is_not_copied_onto_itself);
	tcase_add_test(t, a_fifo_does_not_stop_the_session);
	tcase_add_test(t, a_file_without_a_size_is_read_to_its_end);
	suite_add_tcase(s, t);
	return s;
}
