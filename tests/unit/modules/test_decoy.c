/*
 * Failures' delays: a floor, a part that depends on the name, one shape.
 */
#include "daemon/monitor/decoy.h"
#include "tests/unit/modules/suites.h"

#include <string.h>

START_TEST(a_failure_never_comes_before_the_floor)
{
	decoy_init();
	for (uint64_t elapsed = 0; elapsed < 2000000; elapsed += 7919) {
		uint64_t delay = decoy_delay("alice", 250000, elapsed);

		ck_assert_uint_ge(delay, 250000);
		ck_assert_uint_ge(delay, elapsed);
	}
	ck_assert_uint_eq(decoy_delay("alice", 0, 5), 0);
}
END_TEST

START_TEST(the_same_user_always_waits_as_long_and_others_differently)
{
	char name[2] = "a";
	unsigned different = 0;
	uint64_t first;

	decoy_init();
	first = decoy_delay("a", 250000, 0);
	for (; name[0] <= 'z'; name[0]++) {
		ck_assert_uint_eq(decoy_delay(name, 250000, 0),
		    decoy_delay(name, 250000, 100000));
		different += decoy_delay(name, 250000, 0) != first;
	}
	ck_assert_uint_gt(different, 15);
	/* Another generation, another secret. */
	first = decoy_delay("a", 250000000, 0);
	decoy_init();
	ck_assert_uint_ne(decoy_delay("a", 250000000, 0), first);
}
END_TEST

START_TEST(junk_has_the_length_of_what_was_typed)
{
	char password[40] = "correct horse battery staple";
	size_t len = strlen(password);

	decoy_password(password, len);
	ck_assert_uint_eq(strlen(password), len);
	ck_assert_ptr_null(strstr(password, "horse"));
}
END_TEST

Suite *
suite_decoy(void)
{
	Suite *s = suite_create("decoy");
	TCase *t = tcase_create("decoy");

	tcase_add_test(t, a_failure_never_comes_before_the_floor);
	tcase_add_test(
	    t, the_same_user_always_waits_as_long_and_others_differently);
	tcase_add_test(t, junk_has_the_length_of_what_was_typed);
	suite_add_tcase(s, t);
	return s;
}
