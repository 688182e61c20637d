/*
 * Tests of modules and settings that the host refuses to load, and of its
 * messages.
 */
#include "config/module_options.h"
#include "daemon/monitor/host.h"
#include "lib/err.h"
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pair pairs[4];

static struct module_settings
settings_of(
    const char *name, const char *file, const char *key, const char *value)
{
	struct module_settings s = {.name = (char *)(uintptr_t)name,
	    .file = (char *)(uintptr_t)file,
	    .origin = {"/etc/test.conf", 3}};

	pairs[0] = (struct pair){(char *)(uintptr_t)key,
	    (char *)(uintptr_t)value, {"/etc/test.conf", 7}};
	s.options.items = pairs;
	s.options.count = key == NULL ? 0 : 1;
	return s;
}

static const struct {
	const char *file, *key, *value;
	unsigned line;
	const char *says;
} refused_rows[] = {
    {"nosuch", NULL, NULL, 3, "no file"},
    {"module_bad_abi", NULL, NULL, 3, "built for module interface 2"},
    {"module_bad_size", NULL, NULL, 3, "structure has 24 bytes"},
    {"module_newer", NULL, NULL, 3, "elements of its arrays"},
    {"module_bad_symbol", NULL, NULL, 3, "exports no"},
    {"../module_test", NULL, NULL, 3, "must be absolute"},
    {"module_test", "fault", "thread", 3, "left 2 threads"},
    {"module_test", "fault", "descriptor", 3, "left open descriptor"},
    {"module_test", "fault", "signal", 3, "changed what signal"},
    {"module_test", "fault", "silent", 3, "did not say why"},
    {"module_test", "fault", "refuse", 7, "refused on request"},
    {"module_test", "fault", "other", 7, "is not one of: none thread"},
    {"module_test", "number", "11", 7, "out of range: 1 to 10"},
    {"module_test", "number", "0", 7, "out of range: 1 to 10"},
    {"module_test", "number", "4x", 7, "this is a number"},
    {"module_test", "time", "59", 7, "out of range: 60 to 3600"},
    {"module_test", "time", "2h", 7, "out of range: 60 to 3600"},
    {"module_test", "time", "1m30x", 7, "not a time"},
    {"module_test", "size", "8K", 7, "out of range: 1 to 4096"},
    {"module_test", "size", "1X", 7, "not a size"},
    {"module_test", "number", "1K", 7, "this is a number"},
    {"module_test", "path", "relative", 7, "absolute"},
    {"module_test", "flag", "yes", 7, "true or false"},
    {"module_test", "list", "", 7, "empty"},
    {"module_test", "numbre", "3", 7, "the nearest is \"number\""},
};

START_TEST(a_module_that_is_not_right_is_refused_with_the_reason)
{
	struct module_settings s = settings_of("it", refused_rows[_i].file,
	    refused_rows[_i].key, refused_rows[_i].value);
	struct problems problems = {0};
	struct hosted h;

	ck_assert_int_eq(fake_load(&s, NULL, &h, &problems), E_VALUE);
	ck_assert_uint_ge(problems.count, 1);
	ck_assert_msg(
	    strstr(problems.items[0].text, refused_rows[_i].says) != NULL, "%s",
	    problems.items[0].text);
	ck_assert_uint_eq(problems.items[0].line, refused_rows[_i].line);
	problems_free(&problems);
}
END_TEST

START_TEST(a_module_others_can_write_is_refused)
{
	struct module_settings s =
	    settings_of("it", "module_writable", NULL, NULL);
	struct problems problems = {0};
	struct hosted h;
	char path[512];

	snprintf(path, sizeof(path), "%s/module_writable.so", fake_modules());
	fake_copy(fake_built("tests/unit/modules/.libs/module_test.so"), path);
	ck_assert_int_eq(chmod(path, 0775), 0);
	ck_assert_int_eq(fake_load(&s, NULL, &h, &problems), E_VALUE);
	ck_assert_ptr_nonnull(
	    strstr(problems.items[0].text, "bad ownership or modes"));
	problems_free(&problems);
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_eq(chown(path, 1, 0), 0);
	ck_assert_int_eq(fake_load(&s, NULL, &h, &problems), E_VALUE);
	problems_free(&problems);
	unlink(path);
}
END_TEST

static const struct {
	const char *key, *value;
} accepted[] = {
    {"number", "10"},
    {"time", "1h"},
    {"time", "60"},
    {"path", "/x"},
    {"flag", "true"},
    {"list", "one"},
    {"fault", "none"},
};

START_TEST(options_within_the_schema_are_accepted)
{
	struct module_settings s = settings_of(
	    "it", "module_test", accepted[_i].key, accepted[_i].value);
	struct problems problems = {0};
	struct hosted h;

	ck_assert_int_eq(fake_load(&s, NULL, &h, &problems), 0);
	ck_assert(host_serves(&h, "password", NULL));
	ck_assert(host_serves(&h, "password", "it"));
	ck_assert(!host_serves(&h, "password", "test"));
	ck_assert(!host_serves(&h, "publickey", NULL));
	host_unload_one(&h);
	problems_free(&problems);
}
END_TEST

START_TEST(an_option_set_twice_is_an_error_unless_it_is_a_list)
{
	static const struct sallyport_option rows[] = {
	    {"once", SALLYPORT_TEXT, 0, 0, 0, NULL, NULL, NULL},
	    {"many", SALLYPORT_TEXT, SALLYPORT_OPTION_MANY, 0, 0, NULL, NULL,
		NULL},
	    {"needed", SALLYPORT_TEXT, SALLYPORT_OPTION_REQUIRED, 0, 0, NULL,
		NULL, NULL},
	    {"*.file", SALLYPORT_TEXT, 0, 0, 0, NULL, NULL, NULL},
	    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
	};
	static char once[] = "once", many[] = "many", file[] = "a.file",
		    deep[] = "a.b.file", x[] = "x";
	struct pair items[] = {{once, x, {"f", 1}}, {once, x, {"f", 2}},
	    {many, x, {"f", 3}}, {many, x, {"f", 4}}, {file, x, {"f", 5}},
	    {deep, x, {"f", 6}}};
	struct module_settings s = {
	    .name = once, .options = {items, 6}, .origin = {"f", 9}};
	struct problems problems = {0};

	module_options_check(rows, &s, &problems);
	ck_assert_uint_eq(problems.count, 3);
	ck_assert_uint_eq(problems.items[0].line, 2);
	ck_assert_ptr_nonnull(strstr(problems.items[0].text, "set twice"));
	ck_assert_uint_eq(problems.items[1].line, 6);
	ck_assert_uint_eq(problems.items[2].line, 9);
	ck_assert_ptr_nonnull(strstr(problems.items[2].text, "required"));
	problems_free(&problems);
}
END_TEST

/* As load() gets them. */
static const struct {
	const char *name, *value, *given;
} values[] = {
    {"time", "90", "90"},
    {"time", "1m30s", "90"},
    {"time", "1h", "3600"},
    {"time", "007", "7"},
    {"size", "4K", "4096"},
    {"size", "1g", "1073741824"},
    {"number", "010", "10"},
    {"text", "1m", "1m"},
    {"a.file", "1m", "1m"},
};

static const struct sallyport_option value_rows[] = {
    {"time", SALLYPORT_SECONDS, 0, 0, 86400, NULL, "1m", NULL},
    {"size", SALLYPORT_SIZE, 0, 0, INT64_MAX, NULL, "64K", NULL},
    {"number", SALLYPORT_NUMBER, 0, 0, 99, NULL, NULL, NULL},
    {"text", SALLYPORT_TEXT, 0, 0, 0, NULL, NULL, NULL},
    {"services", SALLYPORT_TEXT, SALLYPORT_OPTION_MANY, 0, 0, NULL, NULL, NULL},
    {"*.file", SALLYPORT_TEXT, 0, 0, 0, NULL, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

START_TEST(values_arrive_as_the_schema_means_them)
{
	char key[32], value[32], service[] = "otp";
	struct pair pair = {key, value, {"f", 1}};
	struct pair other = {key, service, {"f", 2}};
	struct module_settings s = {
	    .name = key, .options = {&pair, 1}, .origin = {"f", 9}};
	struct pairs services = {&other, 1};
	struct problems problems = {0};
	struct sallyport_setting *given;
	size_t count;

	snprintf(key, sizeof(key), "%s", values[_i].name);
	snprintf(value, sizeof(value), "%s", values[_i].value);
	module_options_check(value_rows, &s, &problems);
	ck_assert_uint_eq(problems.errors, 0);
	given = module_settings_make(value_rows, &s, &services, &count);
	/* An option that happens to be called services gets no others. */
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(given[0].value, values[_i].given);
	ck_assert_uint_eq(given[0].line, 1);
	module_settings_free(given, count);
}
END_TEST

START_TEST(services_go_to_the_row_that_takes_them)
{
	static const struct sallyport_option rows[] = {
	    {"stacks", SALLYPORT_TEXT,
		SALLYPORT_OPTION_MANY | SALLYPORT_OPTION_SERVICES, 0, 0, NULL,
		NULL, NULL},
	    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
	};
	char name[] = "m", service[] = "otp";
	struct pair other = {name, service, {"f", 2}};
	struct module_settings s = {.name = name, .origin = {"f", 9}};
	struct pairs services = {&other, 1};
	struct sallyport_setting *given;
	size_t count;

	given = module_settings_make(rows, &s, &services, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(given[0].name, "stacks");
	ck_assert_str_eq(given[0].value, "otp");
	ck_assert_uint_eq(given[0].line, 2);
	module_settings_free(given, count);
}
END_TEST

/* Schemas that their author has got wrong. */
static const struct {
	struct sallyport_option row;
	const char *says;
} schemas[] = {
    {{"x", SALLYPORT_WORD, 0, 0, 0, NULL, NULL, NULL}, "no words"},
    {{"x", SALLYPORT_WORD, 0, 0, 0, " ", NULL, NULL}, "no words"},
    {{"x", SALLYPORT_WORD, 0, 0, 0, "a b", "c", NULL}, "none of its words"},
    {{"x", SALLYPORT_NUMBER, 0, 0, 0, NULL, NULL, NULL}, "no range"},
    {{"x", SALLYPORT_SECONDS, 0, 5, 4, NULL, NULL, NULL}, "no range"},
    {{"x", SALLYPORT_SIZE, 0, 1, 4, NULL, "y", NULL}, "no number"},
    {{"x", (enum sallyport_option_type)77, 0, 0, 0, NULL, NULL, NULL},
	"no type"},
    {{"x", SALLYPORT_TEXT, SALLYPORT_OPTION_SERVICES, 0, 0, NULL, NULL, NULL},
	"no list of texts"},
};

START_TEST(a_schema_that_is_wrong_is_refused)
{
	const struct sallyport_option rows[] = {
	    schemas[_i].row, {NULL, 0, 0, 0, 0, NULL, NULL, NULL}};
	char key[] = "x", value[] = "1";
	struct pair pair = {key, value, {"f", 1}};
	struct module_settings s = {
	    .name = key, .options = {&pair, 1}, .origin = {"f", 9}};
	struct problems problems = {0};

	module_options_check(rows, &s, &problems);
	ck_assert_uint_eq(problems.errors, 1);
	ck_assert_uint_eq(problems.items[0].line, 9);
	ck_assert_ptr_nonnull(strstr(problems.items[0].text, schemas[_i].says));
	problems_free(&problems);
}
END_TEST

/* A program that asks a module and has no client, no state, no helper. */
START_TEST(what_a_program_does_not_have_answers_state)
{
	const struct host_calls calls = {.log = NULL};
	const struct module_settings settings =
	    settings_of("it", "x", NULL, NULL);
	const struct sallyport_module module = {.name = "it"};
	const struct hosted h = {.settings = &settings, .module = &module};
	struct attempt attempt = {.method = "publickey"};
	struct sallyport_login login = {.calls = &calls,
	    .module = &h,
	    .stage = STAGE_AUTHENTICATE,
	    .attempt = &attempt};
	const uint8_t *payload;
	uint8_t number;
	void *data;
	size_t len;

	ck_assert_int_eq(host_table.ask(&login, "", NULL, 0), SALLYPORT_STATE);
	ck_assert_int_eq(host_table.show(&login, "x"), SALLYPORT_STATE);
	ck_assert_int_eq(
	    host_table.packet_send(&login, 60, "", 0), SALLYPORT_STATE);
	ck_assert_int_eq(
	    host_table.packet_receive(&login, &number, &payload, &len),
	    SALLYPORT_STATE);
	ck_assert_int_eq(
	    host_table.state_read(&login, "x", &data, &len), SALLYPORT_STATE);
	ck_assert_int_eq(
	    host_table.state_write(&login, "x", "", 0), SALLYPORT_STATE);
	ck_assert_int_eq(
	    host_table.environment(&login, "A=b"), SALLYPORT_STATE);
	ck_assert_int_eq(
	    host_table.tickets->verify(&login, "", 0, "", 0), SALLYPORT_STATE);
	host_table.log(&login, SALLYPORT_LOG_ERROR, "%s", "unheard");
	host_table.exhausted(&login);
	host_table.call_end(&login);
	ck_assert_str_eq(host_table.text(&login, SALLYPORT_TTY), "");
	/* A restriction that nobody keeps is no yes. */
	ck_assert_int_eq(
	    host_verdict(&login, "it", SALLYPORT_ALLOW), SALLYPORT_ALLOW);
	ck_assert_int_eq(host_table.restrict_to(&login, SALLYPORT_NO_PTY, NULL),
	    SALLYPORT_STATE);
	ck_assert_int_eq(
	    host_verdict(&login, "it", SALLYPORT_ALLOW), SALLYPORT_DENY);
	ck_assert_int_eq(host_verdict(&login, "it", 77), SALLYPORT_DENY);
}
END_TEST

Suite *
suite_host(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("options");

	tcase_add_test(t, an_option_set_twice_is_an_error_unless_it_is_a_list);
	tcase_add_loop_test(t, values_arrive_as_the_schema_means_them, 0,
	    (int)(sizeof(values) / sizeof(values[0])));
	tcase_add_test(t, services_go_to_the_row_that_takes_them);
	tcase_add_test(t, what_a_program_does_not_have_answers_state);
	tcase_add_loop_test(t, a_schema_that_is_wrong_is_refused, 0,
	    (int)(sizeof(schemas) / sizeof(schemas[0])));
	suite_add_tcase(s, t);
	if (geteuid() != 0)
		return s; /* the rest needs files of root's */
	t = tcase_create("host");
	tcase_add_loop_test(t,
	    a_module_that_is_not_right_is_refused_with_the_reason, 0,
	    (int)(sizeof(refused_rows) / sizeof(refused_rows[0])));
	tcase_add_test(t, a_module_others_can_write_is_refused);
	tcase_add_loop_test(t, options_within_the_schema_are_accepted, 0,
	    (int)(sizeof(accepted) / sizeof(accepted[0])));
	suite_add_tcase(s, t);
	return s;
}
