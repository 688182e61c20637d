/*
 * config/parse.c: times, sizes, modes, chains, targets and windows.
 */
#include "config/parse.h"
#include "tests/unit/config/suites.h"

#include <string.h>

struct number_row {
	const char *text;
	long long value; /* -1: refused */
};

static const struct number_row time_rows[] = {{"0", 0}, {"90", 90},
    {"1h30m", 5400}, {"2d", 172800}, {"1w", 604800}, {"10M", 600}, {"90s", 90},
    {"", -1}, {"h", -1}, {"1x", -1}, {"1h ", -1}, {" 1", -1}, {"-1", -1},
    {"99999999999", -1}, {"1.5h", -1}};
static const struct number_row size_rows[] = {{"0", 0}, {"64K", 65536},
    {"1G", 1 << 30}, {"2t", 2LL << 40}, {"1KB", -1}, {"", -1}, {"K", -1},
    {"18446744073709551615", -1}, {"17179869184G", -1}, {"-1", -1}};
static const struct number_row mode_rows[] = {{"0", 0}, {"0755", 0755},
    {"07777", 07777}, {"10000", -1}, {"8", -1}, {"", -1}, {"0x1", -1},
    {"000000", -1}};

START_TEST(times_are_read_or_refused)
{
	const struct number_row *row = &time_rows[_i];
	uint64_t value = 0;
	const char *wrong = parse_time(row->text, &value);

	ck_assert_int_eq(wrong != NULL, row->value < 0);
	if (wrong == NULL)
		ck_assert_int_eq((long long)value, row->value);
}
END_TEST

START_TEST(sizes_are_read_or_refused)
{
	const struct number_row *row = &size_rows[_i];
	uint64_t value = 0;
	const char *wrong = parse_size(row->text, &value);

	ck_assert_int_eq(wrong != NULL, row->value < 0);
	if (wrong == NULL)
		ck_assert_int_eq((long long)value, row->value);
}
END_TEST

START_TEST(modes_are_read_or_refused)
{
	const struct number_row *row = &mode_rows[_i];
	uint32_t value = 0;
	const char *wrong = parse_mode(row->text, &value);

	ck_assert_int_eq(wrong != NULL, row->value < 0);
	if (wrong == NULL)
		ck_assert_int_eq((long long)value, row->value);
}
END_TEST

START_TEST(a_chain_names_method_module_and_service)
{
	struct arena *arena = arena_new();
	struct chain chain = {0};

	ck_assert(parse_chain(arena,
		      "publickey,keyboard-interactive:pam/sallyport-otp",
		      &chain) == NULL);
	ck_assert_uint_eq(chain.count, 2);
	ck_assert_str_eq(chain.steps[0].method, "publickey");
	ck_assert(chain.steps[0].module == NULL);
	ck_assert_str_eq(chain.steps[1].method, "keyboard-interactive");
	ck_assert_str_eq(chain.steps[1].module, "pam");
	ck_assert_str_eq(chain.steps[1].service, "sallyport-otp");
	arena_free(arena);
}
END_TEST

static const char *const bad_chains[] = {"", ",", "publickey,", ",password",
    "a b", "none", "publickey,none", "x:", "x:/y", "x:m/", "x:m/../../etc",
    "a,b,c,d,e,f,g,h,i", "p\tq"};

START_TEST(a_malformed_chain_is_refused)
{
	struct arena *arena = arena_new();
	struct chain chain = {0};

	ck_assert_msg(parse_chain(arena, bad_chains[_i], &chain) != NULL, "%s",
	    bad_chains[_i]);
	arena_free(arena);
}
END_TEST

struct target_row {
	const char *text;
	bool good;
	enum target_kind kind;
	unsigned first, last;
	const char *host;
};

static const struct target_row target_rows[] = {
    {"host:22", true, TARGET_NAME, 22, 22, "host"},
    {"*:*", true, TARGET_ANY, 0, 65535, "*"},
    {"*.example.com:8000-8999", true, TARGET_NAME, 8000, 8999, "*.example.com"},
    {"10.0.0.0/8:*", true, TARGET_NETWORK, 0, 65535, NULL},
    {"[2001:db8::]/32:443", true, TARGET_NETWORK, 443, 443, NULL},
    {"[::1]:22", true, TARGET_NETWORK, 22, 22, NULL},
    {"192.0.2.1:1", true, TARGET_NETWORK, 1, 1, NULL},
    {"10.*:1", true, TARGET_ADDRESS, 1, 1, "10.*"},
    {"10.20.30.4?:1", true, TARGET_ADDRESS, 1, 1, "10.20.30.4?"},
    {"?*:1", true, TARGET_ADDRESS, 1, 1, "?*"},
    {"10.20.30.*.example:1", true, TARGET_NAME, 1, 1, "10.20.30.*.example"},
    {"=10.0.0.0/8:1", true, TARGET_TYPED, 1, 1, "10.0.0.0/8"},
    {"=[::1]:22", true, TARGET_TYPED, 22, 22, "::1"},
    {"=DB:1", true, TARGET_TYPED, 1, 1, "DB"},
    {"=:1", false, 0, 0, 0, NULL},
    {"==:", false, 0, 0, 0, NULL},
    {"=::1:22", false, 0, 0, 0, NULL},
    /* These could match nothing. */
    {"127.1:22", false, 0, 0, 0, NULL},
    {"10.20.30:22", false, 0, 0, 0, NULL},
    {"2130706433:22", false, 0, 0, 0, NULL},
    {"010.0.0.1:22", false, 0, 0, 0, NULL},
    {"[2001:db8:*]:22", false, 0, 0, 0, NULL},
    {"[]:22", false, 0, 0, 0, NULL},
    {"host", false, 0, 0, 0, NULL},
    {":22", false, 0, 0, 0, NULL},
    {"host:65536", false, 0, 0, 0, NULL},
    {"host:9-8", false, 0, 0, 0, NULL},
    {"host:", false, 0, 0, 0, NULL},
    {"::1:22", false, 0, 0, 0, NULL},
    {"[::1:22", false, 0, 0, 0, NULL},
    {"10.0.0.1/8:22", false, 0, 0, 0, NULL},
    {"a b:22", false, 0, 0, 0, NULL},
    {"!host:22", false, 0, 0, 0, NULL},
    {"host:+1", false, 0, 0, 0, NULL},
};

START_TEST(targets_are_read_or_refused)
{
	const struct target_row *row = &target_rows[_i];
	struct arena *arena = arena_new();
	struct target target = {0};
	const char *wrong = parse_target(arena, row->text, &target);

	ck_assert_msg((wrong == NULL) == row->good, "%s: %s", row->text,
	    wrong != NULL ? wrong : "taken");
	if (row->good) {
		ck_assert_int_eq(target.kind, row->kind);
		ck_assert_uint_eq(target.port_first, row->first);
		ck_assert_uint_eq(target.port_last, row->last);
		if (row->host != NULL)
			ck_assert_str_eq(target.host, row->host);
	}
	arena_free(arena);
}
END_TEST

struct window_row {
	const char *text;
	bool good;
	unsigned days, first, last;
	const char *zone;
};

static const struct window_row window_rows[] = {
    {"08:00-18:00", true, 0x7f, 480, 1080, NULL},
    {"mon-fri 08:00-18:00 Europe/Berlin", true, 0x3e, 480, 1080,
	"Europe/Berlin"},
    {"fri-mon", true, 0x63, 0, 1440, NULL},
    {"sat,sun 00:00-24:00", true, 0x41, 0, 1440, NULL},
    {"Wed 22:00-06:00 UTC", true, 0x08, 1320, 360, "UTC"},
    {"", false, 0, 0, 0, NULL},
    {"8-18", false, 0, 0, 0, NULL},
    {"25:00-26:00", false, 0, 0, 0, NULL},
    {"08:60-09:00", false, 0, 0, 0, NULL},
    {"24:00-24:00", false, 0, 0, 0, NULL},
    {"08:00-08:00", false, 0, 0, 0, NULL},
    {"someday 08:00-09:00", false, 0, 0, 0, NULL},
    {"mon- 08:00-09:00", false, 0, 0, 0, NULL},
    {"08:00-09:00 ../../etc/passwd", false, 0, 0, 0, NULL},
    {"08:00-09:00 /etc/passwd", false, 0, 0, 0, NULL},
    {"08:00-09:00x", false, 0, 0, 0, NULL},
};

START_TEST(time_windows_are_read_or_refused)
{
	const struct window_row *row = &window_rows[_i];
	struct arena *arena = arena_new();
	struct time_window window = {0};
	const char *wrong = parse_window(arena, row->text, &window);

	ck_assert_msg((wrong == NULL) == row->good, "%s", row->text);
	if (row->good) {
		ck_assert_uint_eq(window.days, row->days);
		ck_assert_uint_eq(window.first, row->first);
		ck_assert_uint_eq(window.last, row->last);
		ck_assert_int_eq(window.zone == NULL, row->zone == NULL);
		if (row->zone != NULL)
			ck_assert_str_eq(window.zone, row->zone);
	}
	arena_free(arena);
}
END_TEST

START_TEST(uid_ranges_channels_and_assignments)
{
	struct arena *arena = arena_new();
	struct channel_timeout timeout = {0};
	struct uid_range range = {0};

	ck_assert(parse_uids("1000-60000", &range) == NULL);
	ck_assert_uint_eq(range.last, 60000);
	ck_assert(parse_uids("0", &range) == NULL);
	ck_assert_uint_eq(range.last, 0);
	ck_assert(parse_uids("5-4", &range) != NULL);
	ck_assert(parse_uids("4294967295", &range) != NULL);
	ck_assert(parse_uids("-1", &range) != NULL);
	ck_assert(parse_channel(arena, "session:*=1h", &timeout) == NULL);
	ck_assert_str_eq(timeout.kind, "session:*");
	ck_assert_uint_eq(timeout.seconds, 3600);
	ck_assert(parse_channel(arena, "session", &timeout) != NULL);
	ck_assert(parse_channel(arena, "=1", &timeout) != NULL);
	ck_assert(parse_channel(arena, "session=0", &timeout) == NULL);
	ck_assert(parse_assignment("A_1=b=c") == NULL);
	ck_assert(parse_assignment("1A=b") != NULL);
	ck_assert(parse_assignment("=b") != NULL);
	ck_assert(parse_assignment("A-B=b") != NULL);
	arena_free(arena);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_parse(void)
{
	Suite *suite = suite_create("parse");
	TCase *tc = tcase_create("parse");

	tcase_add_loop_test(tc, times_are_read_or_refused, 0, COUNT(time_rows));
	tcase_add_loop_test(tc, sizes_are_read_or_refused, 0, COUNT(size_rows));
	tcase_add_loop_test(tc, modes_are_read_or_refused, 0, COUNT(mode_rows));
	tcase_add_test(tc, a_chain_names_method_module_and_service);
	tcase_add_loop_test(
	    tc, a_malformed_chain_is_refused, 0, COUNT(bad_chains));
	tcase_add_loop_test(
	    tc, targets_are_read_or_refused, 0, COUNT(target_rows));
	tcase_add_loop_test(
	    tc, time_windows_are_read_or_refused, 0, COUNT(window_rows));
	tcase_add_test(tc, uid_ranges_channels_and_assignments);
	suite_add_tcase(suite, tc);
	return suite;
}
