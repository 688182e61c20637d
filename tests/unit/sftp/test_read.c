/*
 * READ beside changes of the file that is read: an answer is whole, and has the
 * bytes of its own time.
 */
#include "tests/unit/sftp/client.h"
#include "tests/unit/sftp/suites.h"

#include <unistd.h>

static struct client c;
static uint8_t data[SFTP_DATA_MAX];

static void
start(void)
{
	static const struct sftp_options plain = {.no_names = true};

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	tree_make(&c);
	tree_write(&c, "old", "0123456789", 10);
	client_serve(&c, &plain, NULL);
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

START_TEST(a_read_of_no_bytes_is_answered_with_none)
{
	uint32_t h;

	start();
	h = open_it("old", SSH_FXF_READ);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 0u);
	hear_data(data, 0);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(1000), 0u);
	hear_data(data, 0);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(a_file_that_grows_while_it_is_read_is_served_whole)
{
	uint32_t h;

	start();
	tree_write(&c, "a", data, 100000);
	h = open_it("a", SSH_FXF_READ);
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(0), 32768u);
	hear_data(data, 32768);
	tree_write(&c, "a", data, 200000);
	/* Over the end that it had. */
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(65536), 65536u);
	hear_data(&data[65536], 65536);
	tree_write(&c, "a", data, sizeof(data));
	ask(&c, SSH_FXP_READ, "hqu", h, UINT64_C(190000), 65536u);
	hear_data(&data[190000], 65536);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* Ways to change what an answer that is under way was made from. */
static void
change(int how, uint32_t h)
{
	static const uint8_t other[40000];

	switch (how) {
	case 0:
		send_write(h, 0, other, sizeof(other));
		break;
	case 1:
		ask(&c, SSH_FXP_FSETSTAT, "huq", h, SSH_FILEXFER_ATTR_SIZE,
		    UINT64_C(5));
		break;
	case 2:
		ask(&c, SSH_FXP_SETSTAT, "suq", "a", SSH_FILEXFER_ATTR_SIZE,
		    UINT64_C(5));
		break;
	default:
		ask(&c, SSH_FXP_OPEN, "su.", "a",
		    SSH_FXF_WRITE | SSH_FXF_TRUNC);
		break;
	}
}

START_TEST(an_answer_has_the_bytes_of_its_own_time)
{
	uint32_t h, reading;

	start();
	tree_write(&c, "a", data, 200000);
	reading = open_it("a", SSH_FXF_READ);
	h = open_it("a", SSH_FXF_READ | SSH_FXF_WRITE);
	ask(&c, SSH_FXP_READ, "hqu", reading, UINT64_C(0), 65536u);
	ask(&c, SSH_FXP_READ, "hqu", reading, UINT64_C(65536), 32768u);
	change(_i, h);
	/* The server would change the file in this time. */
	usleep(200000);
	hear_data(data, 65536);
	hear_data(&data[65536], 32768);
	ck_assert(hear(&c));
	ck_assert_uint_eq(c.type, _i == 3 ? SSH_FXP_HANDLE : SSH_FXP_STATUS);
	ck_assert_int_eq(tree_size(&c, "a"),
	    _i == 0	? 200000 :
		_i == 3 ? 0 :
			  5);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

Suite *
suite_read(void)
{
	Suite *s = suite_create("read");
	TCase *t = tcase_create("read");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_read_of_no_bytes_is_answered_with_none);
	tcase_add_test(t, a_file_that_grows_while_it_is_read_is_served_whole);
	tcase_add_loop_test(t, an_answer_has_the_bytes_of_its_own_time, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
