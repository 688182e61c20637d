/*
 * No copy of a message stays with its sender or its receiver: all memory of
 * this process is searched behind it.
 */
#include "tests/unit/privsep/suites.h"
#include "tests/unit/unit.h"

#include "lib/buf.h"
#include "privsep/wall.h"
#include "privsep/wall_queue.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET	 (100 * 1024)
#define WINDOW	 24 /* bytes in a row that are no accident */
#define REGION	 ((uintptr_t)64 << 20) /* a sanitizer's shadow is larger */
#define MESSAGES 4 /* more than a socket takes */

static struct wall here, there;

/* The secret is made byte by byte: nothing else in here looks like it. */
static uint8_t
secret(uint32_t at)
{
	uint32_t x = at * 2654435761u + 12345;

	x ^= x >> 15;
	x *= 2246822519u;
	return (uint8_t)(x >> 11);
}

/* Also where a sanitizer says that nothing is to be read. */
__attribute__((no_sanitize("address"))) static size_t
count_in(const volatile uint8_t *p, const volatile uint8_t *end, uint32_t at)
{
	const uint8_t first = secret(at);
	size_t count = 0;

	for (; end - p >= WINDOW; p++) {
		uint32_t same = 1;

		if (*p != first)
			continue;
		while (same < WINDOW && p[same] == secret(at + same))
			same++;
		count += same == WINDOW;
	}
	return count;
}

/* Places in this process's memory with the secret's bytes from there on. */
static size_t
count_copies(uint32_t at)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], mode[8];
	uintptr_t from, to;
	size_t count = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 &&
		    strcmp(mode, "rw-p") == 0 && to - from <= REGION)
			count += count_in(
			    (const uint8_t *)from, (const uint8_t *)to, at);
	fclose(f);
	return count;
}

/*
 * Near its beginning, behind what a wall keeps of memory, and near its end. Its
 * first and last bytes were in memcpy()'s vector registers, which the dynamic
 * linker may have saved on the stack when it resolved the next function.
 */
static size_t
count_all(void)
{
	return count_copies(1024) + count_copies(4090) + count_copies(8000) +
	    count_copies(SECRET - 1024);
}

/* Freed memory stays, and can be searched. */
static void
keep_freed(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, INT_MAX);
	(void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

static void
receive(void)
{
	struct wall_message m;

	ck_assert_int_eq(wall_receive(&there, &m), 0);
	ck_assert_uint_eq(m.ticket_delegated.tickets.len, SECRET);
	ck_assert_uint_ne(count_all(), 0); /* the search finds what is there */
	wall_done(&there, &m);
}

START_TEST(no_copy_of_tickets_stays_behind_a_wall)
{
	uint8_t *data = malloc(SECRET);
	int fds[2];

	ck_assert_int_eq(wall_pair(fds), 0);
	wall_init(&here, fds[0], PATH_TICKETS_MONITOR, PATH_MONITOR_TICKETS);
	wall_init(&there, fds[1], PATH_MONITOR_TICKETS, PATH_TICKETS_MONITOR);
	for (uint32_t i = 0; i < SECRET; i++)
		data[i] = secret(i);
	for (int i = 0; i < MESSAGES; i++)
		ck_assert_int_eq(WALL_SEND(&here, ticket_delegated,
				     .tickets = {data, SECRET}, .text = ""),
		    0);
	explicit_bzero(data, SECRET);
	free(data);
	ck_assert(wall_queue_waiting(&here));
	for (int i = 0; i < MESSAGES; i++) {
		receive();
		ck_assert_int_eq(wall_queue_flush(&here), 0);
	}
	ck_assert(!wall_queue_waiting(&here));
	ck_assert_uint_eq(count_all(), 0);
	wall_free(&here);
	wall_free(&there);
}
END_TEST

START_TEST(no_copy_stays_of_what_a_buffer_has_held)
{
	struct buf b;

	buf_init(&b, 2 * SECRET);
	for (uint32_t i = 0; i < SECRET; i++)
		buf_u8(&b, secret(i));
	ck_assert_int_eq(buf_end(&b), 0);
	ck_assert_uint_eq(count_all(), 4); /* and of its smaller ones none */
	if (_i == 0)
		buf_free(&b);
	else
		buf_clear(&b);
	ck_assert_uint_eq(count_all(), 0);
	buf_free(&b);
}
END_TEST

Suite *
suite_wiping(void)
{
	Suite *suite = suite_create("wiping");
	TCase *tc = tcase_create("wiping");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, keep_freed, NULL);
	tcase_add_loop_test(tc, no_copy_stays_of_what_a_buffer_has_held, 0, 2);
	tcase_add_test(tc, no_copy_of_tickets_stays_behind_a_wall);
	suite_add_tcase(suite, tc);
	return suite;
}
