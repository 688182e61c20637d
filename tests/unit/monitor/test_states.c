/*
 * The states of a monitor: the table of DESIGN section 1, and nothing else.
 */
#include "daemon/monitor/monitor.h"
#include "tests/unit/monitor/suites.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* KEX -> AUTH (<-> ASKING, CHANGING) -> OPENING -> OPEN -> CLOSING. */
static const char *const legal[STATE_COUNT] = {
    /*		     K A S C G O X */
    [STATE_KEX] = ".A....X",
    [STATE_AUTH] = "..SCG.X",
    [STATE_ASKING] = ".A....X",
    [STATE_CHANGING] = ".A....X",
    [STATE_OPENING] = ".....OX",
    [STATE_OPEN] = "......X",
    [STATE_CLOSING] = "......X",
};

static void
move(int from, int to)
{
	struct monitor m;
	struct slot slot;

	memset(&m, 0, sizeof(m));
	memset(&slot, 0, sizeof(slot));
	m.slot = &slot;
	m.state = (enum monitor_state)from;
	slot.state = (uint32_t)from;
	monitor_move(&m, (enum monitor_state)to);
	ck_assert_int_eq((int)m.state, to);
	ck_assert_uint_eq(slot.state, (unsigned)to);
}

START_TEST(a_move_of_the_table_is_made_and_told)
{
	int from = _i / STATE_COUNT, to = _i % STATE_COUNT;

	if (legal[from][to] != '.')
		move(from, to);
}
END_TEST

START_TEST(every_other_move_is_a_bug)
{
	int from = _i / STATE_COUNT, to = _i % STATE_COUNT;

	if (legal[from][to] == '.')
		move(from, to);
	abort(); /* as bug() does: what is legal is the other test's */
}
END_TEST

START_TEST(there_is_no_state_behind_the_last)
{
	move(_i, STATE_COUNT);
}
END_TEST

/* Nobody who has not been authenticated gets to OPEN: every way there leads
 * through OPENING, and to that from AUTH alone. */
START_TEST(the_way_to_open_is_one)
{
	for (int from = 0; from < STATE_COUNT; from++) {
		if (from != STATE_OPENING)
			ck_assert_int_eq(legal[from][STATE_OPEN], '.');
		if (from != STATE_AUTH)
			ck_assert_int_eq(legal[from][STATE_OPENING], '.');
		ck_assert_int_eq(legal[from][STATE_KEX], '.');
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("monitor");
	TCase *t = tcase_create("states");
	SRunner *runner;

	tcase_add_loop_test(t, a_move_of_the_table_is_made_and_told, 0,
	    STATE_COUNT * STATE_COUNT);
	tcase_add_loop_test_raise_signal(t, every_other_move_is_a_bug, SIGABRT,
	    0, STATE_COUNT * STATE_COUNT);
	tcase_add_loop_test_raise_signal(
	    t, there_is_no_state_behind_the_last, SIGABRT, 0, STATE_COUNT);
	tcase_add_test(t, the_way_to_open_is_one);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_add_suite(runner, suite_judge());
	srunner_add_suite(runner, suite_linux_audit());
	return unit_run(runner);
}
