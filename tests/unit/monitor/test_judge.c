/*
 * daemon/monitor/judge.c: keys of an open connection against revocation lists.
 */
#include "tests/unit/monitor/suites.h"

#include "daemon/monitor/judge.c"

static char revoked[] = "revoked", path[] = "/nowhere/krl";
static struct pair option = {.key = revoked, .value = path};
static struct module_settings module = {.options = {&option, 1}};
static struct config config = {.modules = &module, .module_count = 1};
static const struct monitor_template of_test = {.config = &config};

/* One that has no blob: there is nothing to hold against a list. */
static struct asked *
asked_with_a_key(struct judge *j)
{
	struct asked *a = mem_zalloc(sizeof(*a));

	j->t = &of_test;
	a->j = j;
	a->n_keys = 1;
	decision_init(&a->d);
	decision_init(&a->kept);
	wall_init(&a->wall, -1, PATH_JUDGE_MONITOR, PATH_MONITOR_JUDGE);
	return a;
}

START_TEST(a_key_that_was_not_kept_is_not_known_where_a_list_is_asked)
{
	struct judge *j = mem_zalloc(sizeof(*j));
	struct asked *a = asked_with_a_key(j);
	struct strings none = {0};
	const struct origin origin = {"f", 1};

	ck_assert(!judge_keys(a, &a->d));
	ck_assert_int_eq(a->verdict, JUDGED_UNKNOWN);
	ck_assert_str_eq(a->why, "a key that opened it was not kept");
	/* a policy that asks no list has none to hold it against */
	ck_assert_int_eq(
	    decision_add_layer(&a->d, GRANT_key_revoked, &none, &origin), 0);
	ck_assert(judge_keys(a, &a->d));
	question_free(a);
	free(j);
}
END_TEST

Suite *
suite_judge(void)
{
	Suite *s = suite_create("judge");
	TCase *t = tcase_create("keys");

	tcase_add_test(
	    t, a_key_that_was_not_kept_is_not_known_where_a_list_is_asked);
	suite_add_tcase(s, t);
	return s;
}
