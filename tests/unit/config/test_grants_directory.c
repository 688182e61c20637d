/*
 * privsep/grants_directory.c: whose files grant, and which are swept away.
 */
#include "tests/unit/config/suites.h"
#include "tests/unit/unit.h"

#include "config/policy/timed.h"

static int parse(const char *text, size_t len, struct timed_grant *grant,
    char why[TIMED_WHY_MAX]);

#define timed_parse parse
#include "privsep/grants_directory.c"
#undef timed_parse

#include <stdio.h>

#define NEVER  "2099-01-01T00:00:00Z"
#define BEFORE "2020-01-01T00:00:00Z"

static char *place;
static const char *replaced; /* by a grant that is in force, once it is read */
static unsigned faults;

static void
put(const char *name, const char *until)
{
	char *path = mem_printf("%s/%s", place, name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "user = ann\nrule = maintenance\nuntil = %s\n", until);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	free(path);
}

static int
parse(const char *text, size_t len, struct timed_grant *grant,
    char why[TIMED_WHY_MAX])
{
	char *from, *to;

	if (replaced != NULL) {
		from = mem_printf("%s/new", place);
		to = mem_printf("%s/%s", place, replaced);
		put("new", NEVER);
		ck_assert_int_eq(rename(from, to), 0);
		free(from);
		free(to);
	}
	return timed_parse(text, len, grant, why);
}

static void
count_fault(const char *file, const char *why, void *arg)
{
	(void)file;
	(void)why;
	(void)arg;
	faults++;
}

/* How many grants ann has; -1: that is not known. */
static int
granted(void)
{
	struct timed_grant *grants;
	enum fact_state state;
	size_t count;

	faults = 0;
	state = grants_read(place, "ann", count_fault, NULL, &grants, &count);
	free(grants);
	return state == FACT_KNOWN ? (int)count : -1;
}

static bool
is_there(const char *name)
{
	char *path = mem_printf("%s/%s", place, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static void
setup(void)
{
	place = unit_folder();
	ck_assert_int_eq(chmod(place, 0755), 0);
	replaced = NULL;
}

static void
teardown(void)
{
	free(place);
}

static const struct {
	mode_t file, directory;
	uid_t owner, above;
	bool counts;
} rows[] = {
    {0600, 0755, 0, 0, true},
    {0644, 0700, 0, 0, true},
    {0620, 0755, 0, 0, false},
    {0602, 0755, 0, 0, false},
    {0600, 0755, 12345, 0, false},
    {0600, 0775, 0, 0, false},
    {0600, 0757, 0, 0, false},
    {0600, 0755, 0, 12345, false},
};

START_TEST(only_what_root_alone_may_write_grants)
{
	char *path = mem_printf("%s/x.grant", place);

	put("x.grant", NEVER);
	ck_assert_int_eq(chmod(path, rows[_i].file), 0);
	ck_assert_int_eq(chown(path, rows[_i].owner, 0), 0);
	ck_assert_int_eq(chmod(place, rows[_i].directory), 0);
	ck_assert_int_eq(chown(place, rows[_i].above, 0), 0);
	ck_assert_int_eq(granted(), rows[_i].counts ? 1 : 0);
	ck_assert_uint_eq(faults, rows[_i].counts ? 0 : 1);
	ck_assert_int_eq(chown(place, 0, 0), 0);
	free(path);
}
END_TEST

START_TEST(a_link_grants_nothing)
{
	char *path = mem_printf("%s/x.grant", place);

	put("note", NEVER);
	ck_assert_int_eq(symlink("note", path), 0);
	ck_assert_int_eq(granted(), 0);
	ck_assert_uint_eq(faults, 1);
	free(path);
}
END_TEST

static void
put_many(const char *until)
{
	for (unsigned i = 0; i < GRANTS_FILES_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "many%u.grant", i);
		put(name, until);
	}
}

START_TEST(grants_that_are_over_do_not_count_against_the_limit)
{
	put("x.grant", NEVER);
	put_many(BEFORE);
	ck_assert_int_eq(granted(), GRANTS_FILES_MAX + 1);
	put_many(NEVER);
	ck_assert_int_eq(granted(), -1);
}
END_TEST

START_TEST(a_sweep_takes_what_is_over)
{
	put("over.grant", BEFORE);
	put("x.grant", NEVER);
	put("note", BEFORE);
	grants_sweep(place);
	ck_assert(!is_there("over.grant"));
	ck_assert(is_there("x.grant") && is_there("note"));
}
END_TEST

START_TEST(a_grant_that_takes_the_place_of_one_that_is_over_stays)
{
	put("x.grant", BEFORE);
	replaced = "x.grant";
	grants_sweep(place);
	replaced = NULL;
	ck_assert(is_there("x.grant"));
	ck_assert_int_eq(granted(), 1);
}
END_TEST

Suite *
suite_grants_directory(void)
{
	Suite *s = suite_create("grants directory");
	TCase *t = tcase_create("grants directory");

	if (geteuid() != 0)
		return s;
	tcase_set_timeout(t, 60); /* thousands of files are written */
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, only_what_root_alone_may_write_grants, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, a_link_grants_nothing);
	tcase_add_test(t, grants_that_are_over_do_not_count_against_the_limit);
	tcase_add_test(t, a_sweep_takes_what_is_over);
	tcase_add_test(
	    t, a_grant_that_takes_the_place_of_one_that_is_over_stays);
	suite_add_tcase(s, t);
	return s;
}
