/*
 * The table of what each key did: sums, eviction, locks, and every kind of
 * damage.
 */
#include "lib/err.h"
#include "lib/key_uses.h"
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int directory;

static void
setup(void)
{
	char *folder = unit_folder();

	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
	free(folder);
	unlinkat(directory, KEY_USES_FILE, 0);
	unlinkat(directory, KEY_USES_FILE ".damaged", 0);
}

static void
teardown(void)
{
	close(directory);
}

static struct key_use
use_of(const char *fp, const char *user, uint64_t when)
{
	struct key_use u = {.kind = KEY_USE_KEY,
	    .type = "ssh-ed25519",
	    .source = "user",
	    .place = "/home/u/.ssh/authorized_keys:3",
	    .from = "192.0.2.7",
	    .first = when,
	    .last = when,
	    .count = 1};

	snprintf(u.fp, sizeof(u.fp), "%s", fp);
	snprintf(u.user, sizeof(u.user), "%s", user);
	return u;
}

static int
open_table(void)
{
	bool damaged = true;
	int fd = key_uses_open(directory, &damaged);

	ck_assert_int_ge(fd, 0);
	ck_assert(!damaged);
	return fd;
}

/* The entry of a key and a user; count 0: there is none. */
static struct key_use
entry_of(int fd, const char *fp, const char *user)
{
	struct key_use u;

	for (size_t i = 0; i < KEY_USES_PLACES; i++)
		if (key_uses_get(fd, i, &u) == 0 && strcmp(u.fp, fp) == 0 &&
		    strcmp(u.user, user) == 0)
			return u;
	memset(&u, 0, sizeof(u));
	return u;
}

START_TEST(uses_of_a_key_are_summed_for_each_user)
{
	struct key_uses_change change;
	struct key_use u;
	struct stat st;
	int fd = open_table();

	for (uint64_t i = 0; i < 5; i++) {
		u = use_of("SHA256:a", "anna", 1000 + i);
		ck_assert_int_eq(key_uses_add(fd, &u, &change), 0);
		ck_assert(!change.evicted);
	}
	u = use_of("SHA256:a", "bert", 2000);
	ck_assert_int_eq(key_uses_add(fd, &u, &change), 0);
	close(fd);
	fd = open_table();
	u = entry_of(fd, "SHA256:a", "anna");
	ck_assert_uint_eq(u.count, 5);
	ck_assert_uint_eq(u.first, 1000);
	ck_assert_uint_eq(u.last, 1004);
	ck_assert_str_eq(u.place, "/home/u/.ssh/authorized_keys:3");
	ck_assert_uint_eq(entry_of(fd, "SHA256:a", "bert").count, 1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, KEY_USES_SIZE);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	close(fd);
}
END_TEST

/* More keys than places: none grows it, and a key just used stays. */
START_TEST(a_full_table_lets_the_longest_unused_go)
{
	struct key_uses_change change;
	struct key_use u;
	struct stat st;
	size_t evicted = 0, kept = 0;
	char fp[32];
	int fd = open_table();

	for (unsigned i = 0; i < 3 * KEY_USES_PLACES; i++) {
		snprintf(fp, sizeof(fp), "SHA256:%u", i);
		u = use_of(fp, "anna", 1000 + i);
		ck_assert_int_eq(key_uses_add(fd, &u, &change), 0);
		evicted += change.evicted;
		u = use_of("SHA256:always", "anna", 1000 + i);
		ck_assert_int_eq(key_uses_add(fd, &u, &change), 0);
		evicted += change.evicted;
	}
	ck_assert_uint_eq(
	    entry_of(fd, "SHA256:always", "anna").count, 3 * KEY_USES_PLACES);
	ck_assert_uint_eq(entry_of(fd, fp, "anna").count, 1);
	for (size_t i = 0; i < KEY_USES_PLACES; i++)
		kept += key_uses_get(fd, i, &u) == 0;
	ck_assert_uint_eq(kept + evicted, 3 * KEY_USES_PLACES + 1);
	ck_assert_uint_eq(key_uses_evicted(fd), evicted);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, KEY_USES_SIZE);
	close(fd);
}
END_TEST

START_TEST(a_set_in_use_is_not_waited_for)
{
	struct key_use u = use_of("SHA256:a", "anna", 1000);
	struct key_uses_change change;
	int one = open_table(), two = open_table();
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	ck_assert_int_eq(fcntl(one, F_OFD_SETLK, &all), 0);
	alarm(20); /* waiting would end the test */
	ck_assert_int_eq(key_uses_add(two, &u, &change), E_AGAIN);
	close(one);
	ck_assert_int_eq(key_uses_add(two, &u, &change), 0);
	alarm(0);
	close(two);
}
END_TEST

START_TEST(every_damaged_byte_of_an_entry_is_seen)
{
	struct key_use u = use_of("SHA256:a", "anna", 1000), out;
	uint8_t place[KEY_USES_PLACE];

	ck_assert_int_eq(key_use_encode(&u, place), 0);
	ck_assert_int_eq(key_use_decode(place, &out), 0);
	for (size_t i = 0; i < sizeof(place); i++) {
		place[i] ^= 0x20;
		ck_assert_int_eq(key_use_decode(place, &out), E_FORMAT);
		ck_assert_uint_eq(out.count, 0);
		place[i] ^= 0x20;
	}
	memset(place, 0, sizeof(place));
	ck_assert_int_eq(key_use_decode(place, &out), E_NOT_FOUND);
}
END_TEST

START_TEST(a_damaged_entry_makes_room_and_is_told)
{
	struct key_use u = use_of("SHA256:a", "anna", 1000);
	struct key_uses_change change;
	int fd = open_table();
	size_t at = 0;

	ck_assert_int_eq(key_uses_add(fd, &u, &change), 0);
	while (key_uses_get(fd, at, &u) != 0)
		at++;
	ck_assert_int_eq(
	    pwrite(fd, "x", 1, (off_t)(KEY_USES_PLACE * (1 + at) + 40)), 1);
	ck_assert_int_eq(key_uses_get(fd, at, &u), E_FORMAT);
	u = use_of("SHA256:a", "anna", 1000);
	ck_assert_int_eq(key_uses_add(fd, &u, &change), 0);
	ck_assert_uint_eq(change.damaged, 1);
	ck_assert_uint_eq(entry_of(fd, "SHA256:a", "anna").count, 1);
	close(fd);
}
END_TEST

static const struct {
	const char *text;
	off_t size;
} strangers[] = {
    {"something else", 14},
    {"", KEY_USES_SIZE},
    {"sallyport: what each key did, version 1\n", 4096},
    {"sallyport: what each key did, version 2\n", KEY_USES_SIZE},
};

START_TEST(a_file_that_is_no_table_is_set_aside)
{
	struct stat st;
	bool damaged = false;
	int fd = openat(directory, KEY_USES_FILE, O_RDWR | O_CREAT, 0600);
	size_t len = strlen(strangers[_i].text);

	ck_assert_int_eq(write(fd, strangers[_i].text, len), (ssize_t)len);
	ck_assert_int_eq(ftruncate(fd, strangers[_i].size), 0);
	close(fd);
	ck_assert_int_lt(key_uses_open_read(directory), 0);
	fd = key_uses_open(directory, &damaged);
	ck_assert_int_ge(fd, 0);
	ck_assert(damaged);
	close(fd);
	close(open_table());
	ck_assert_int_eq(
	    fstatat(directory, KEY_USES_FILE ".damaged", &st, 0), 0);
	ck_assert_int_eq(st.st_size, strangers[_i].size);
}
END_TEST

START_TEST(a_table_that_was_only_begun_is_finished)
{
	int fd = openat(directory, KEY_USES_FILE, O_RDWR | O_CREAT, 0600);
	const char *text = strangers[2].text;

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	close(open_table());
	fd = key_uses_open_read(directory);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	bool damaged;

	ck_assert_int_eq(symlinkat("/dev/null", directory, KEY_USES_FILE), 0);
	ck_assert_int_lt(key_uses_open(directory, &damaged), 0);
	ck_assert_int_lt(key_uses_open_read(directory), 0);
}
END_TEST

START_TEST(the_longest_texts_fit)
{
	struct key_use u = use_of("SHA256:a", "anna", 1000);
	uint8_t place[KEY_USES_PLACE];

	memset(u.place, 'p', sizeof(u.place) - 1);
	memset(u.user, 'u', sizeof(u.user) - 1);
	memset(u.source, 's', sizeof(u.source) - 1);
	memset(u.type, 't', sizeof(u.type) - 1);
	memset(u.fp, 'f', sizeof(u.fp) - 1);
	ck_assert_int_eq(key_use_encode(&u, place), 0);
	ck_assert_int_eq(key_use_decode(place, &u), 0);
	ck_assert_uint_eq(strlen(u.user), sizeof(u.user) - 1);
}
END_TEST

Suite *
suite_key_uses(void)
{
	Suite *s = suite_create("key_uses");
	TCase *c = tcase_create("table");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, uses_of_a_key_are_summed_for_each_user);
	tcase_add_test(c, a_full_table_lets_the_longest_unused_go);
	tcase_add_test(c, a_set_in_use_is_not_waited_for);
	tcase_add_test(c, every_damaged_byte_of_an_entry_is_seen);
	tcase_add_test(c, a_damaged_entry_makes_room_and_is_told);
	tcase_add_loop_test(c, a_file_that_is_no_table_is_set_aside, 0,
	    sizeof(strangers) / sizeof(strangers[0]));
	tcase_add_test(c, a_table_that_was_only_begun_is_finished);
	tcase_add_test(c, a_link_is_not_followed);
	tcase_add_test(c, the_longest_texts_fit);
	suite_add_tcase(s, c);
	return s;
}
