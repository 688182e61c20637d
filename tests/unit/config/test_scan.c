/*
 * config/scan.c: what libconfig would misread never reaches it.
 */
#include "config/scan.h"
#include "lib/mem.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *text;
	const char *error; /* the line expected; NULL: none */
};

static const struct row rows[] = {
    {"tcp_keepalive = true;", NULL},
    {"# only a comment", NULL},
    {"// one\n/* two\n */ tcp_keepalive = true;", NULL},
    {"tcp_keepalive : FALSE", NULL},
    {"@include \"/etc/shadow\"",
	"a.conf:1: @include is not allowed: put "
	"the file into policy.d\n"},
    {"\n  @include \"x\"\n",
	"a.conf:2: @include is not allowed: put the "
	"file into policy.d\n"},
    {"x11_display_offset = 4294967318;",
	"a.conf:1: 4294967318: is larger "
	"than 32 bits: write it with an L at its end\n"},
    {"x11_display_offset = 99999999999999999999L;",
	"a.conf:1: 99999999999999999999L: is larger than 64 bits\n"},
    {"x11_display_offset = 010;",
	"a.conf:1: 010: a leading zero: modes "
	"are strings (\"0755\"), other numbers are decimal\n"},
    {"x11_display_offset = 00;",
	"a.conf:1: 00: a leading zero: modes "
	"are strings (\"0755\"), other numbers are decimal\n"},
    {"x11_display_offset = -010L;",
	"a.conf:1: -010L: a leading zero: modes "
	"are strings (\"0755\"), other numbers are decimal\n"},
    {"x11_display_offset = 0b11;",
	"a.conf:1: 0b11: is no number; sizes and "
	"times are strings (\"1G\", \"10m\")\n"},
    {"x11_display_offset = 0o17;",
	"a.conf:1: 0o17: is no number; sizes and "
	"times are strings (\"1G\", \"10m\")\n"},
    {"x11_display_offset = 0x10;",
	"a.conf:1: 0x10: write numbers in decimal\n"},
    {"x11_display_offset = 1G;",
	"a.conf:1: 1G: is no number; sizes and "
	"times are strings (\"1G\", \"10m\")\n"},
    {"x11_display_offset = -2147483649;",
	"a.conf:1: -2147483649: is "
	"larger than 32 bits: write it with an L at its end\n"},
    {"version_addendum = \"a\\x00b\";",
	"a.conf:1: \\x00 in a string: "
	"only \\x01 to \\x7f may be written so\n"},
    {"version_addendum = \"a\\xffb\";",
	"a.conf:1: \\xff in a string: "
	"only \\x01 to \\x7f may be written so\n"},
    {"version_addendum = \"a\\qb\";",
	"a.conf:1: unknown escape in a "
	"string: \\\\ \\\" \\n \\r \\t \\f and \\xNN are known\n"},
    {"version_addendum = \"a\n\";",
	"a.conf:1: string is not closed on "
	"its line: \" is missing\n"},
    {"version_addendum = \"\xc3\x28\";", "a.conf:1: not UTF-8 (byte 0xc3)\n"},
    {"\n\n\xed\xa0\x80", "a.conf:3: not UTF-8 (byte 0xed)\n"},
    {"\xf4\x90\x80\x80", "a.conf:1: not UTF-8 (byte 0xf4)\n"},
    {"version_addendum = \"\x01\";",
	"a.conf:1: a control byte (0x01): "
	"write text, with \\n \\t \\\" \\\\ in strings\n"},
    {"version_addendum = \"gr\xc3\xbc\xc3\x9f\";", NULL},
    {"log = { level = \"info\"", "a.conf:1: '{' is not closed\n"},
    {"log = {\n level = \"info\" );",
	"a.conf:2: ')' closes the '{' of "
	"line 1\n"},
    {"}", "a.conf:1: '}' closes nothing\n"},
    {"/* open", "a.conf:1: comment is not closed: */ is missing\n"},
    {"tcp_keepalive = yes;",
	"a.conf:1: yes: a word where a value is "
	"expected: strings stand in \"quotes\", booleans are true and "
	"false\n"},
    {"tcp_keepalive = true;\ntcp_keepalive = false;",
	"a.conf:2: tcp_keepalive: is set already, in line 1; set it "
	"once\n"},
    {"\xef\xbb\xbftcp_keepalive = true;",
	"a.conf:1: stray character '?': not ASCII, outside a string\n"},
    {"tcp_keepalive = true; $", "a.conf:1: stray character '$'\n"},
};

START_TEST(text_libconfig_would_misread_is_refused_with_its_line)
{
	const struct row *row = &rows[_i];
	char *got = problems_of(row->text);

	ck_assert_str_eq(got, row->error != NULL ? row->error : "");
	free(got);
}
END_TEST

START_TEST(libconfig_itself_would_have_taken_it)
{
	config_t parsed;
	int value = 0;

	/*
	 * Why the scan exists: libconfig takes a leading zero, as decimal up to
	 * 1.7 and as octal from 1.8 on.
	 */
	config_init(&parsed);
	ck_assert_int_eq(
	    config_read_string(&parsed, "a = 0755; b = \"x\";"), CONFIG_TRUE);
	ck_assert_int_eq(config_lookup_int(&parsed, "a", &value), CONFIG_TRUE);
	ck_assert(value == 755 || value == 0755);
	config_destroy(&parsed);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
	static const char text[] = "tcp_keepalive = true;\n\0 more";
	struct bundle_file file = {(char *)"f", (char *)text, sizeof(text) - 1};
	struct problems problems = {0};
	struct scan scan;

	scan_file(&file, &scan, &problems);
	ck_assert(scan.hopeless);
	ck_assert_uint_eq(problems.errors, 1);
	ck_assert_uint_eq(problems.items[0].line, 2);
	scan_free(&scan);
	problems_free(&problems);
}
END_TEST

START_TEST(nesting_too_deep_is_refused)
{
	char text[200] = "modules = ", *got;
	int i;

	for (i = 0; i < 40; i++)
		strcat(text, "(");
	got = problems_of(text);
	ck_assert_str_eq(got, "a.conf:1: nested deeper than 12 levels\n");
	free(got);
}
END_TEST

START_TEST(a_file_over_the_limit_is_refused_unparsed)
{
	size_t len = 10 << 20;
	char *text = mem_alloc(len + 1), *got;

	memset(text, ' ', len);
	text[len] = '\0';
	got = problems_of(text);
	ck_assert_str_eq(got, "a.conf:1: file is larger than 1048576 bytes\n");
	free(got);
	free(text);
}
END_TEST

START_TEST(many_settings_in_one_group_are_refused_quickly)
{
	size_t len = 0;
	char *text = mem_zalloc(200000), *got;
	int i;

	for (i = 0; i < 12000; i++)
		len += (size_t)sprintf(text + len, "n%d = 1;\n", i);
	got = problems_of(text);
	ck_assert_str_eq(
	    got, "a.conf:257: more than 256 settings in one group\n");
	free(got);
	free(text);
}
END_TEST

START_TEST(every_cut_of_the_shipped_file_is_judged_without_harm)
{
	char *text = file_text(SOURCE_DIR "/config/sallyport.conf");
	size_t len = strlen(text), cut;

	for (cut = (size_t)_i; cut < len; cut += 40) {
		char *head = mem_strndup(text, cut);

		free(problems_of(head));
		free(head);
	}
	free(text);
}
END_TEST

Suite *
suite_scan(void)
{
	Suite *suite = suite_create("scan");
	TCase *tc = tcase_create("scan");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc,
	    text_libconfig_would_misread_is_refused_with_its_line, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, libconfig_itself_would_have_taken_it);
	tcase_add_test(tc, a_nul_byte_is_refused);
	tcase_add_test(tc, nesting_too_deep_is_refused);
	tcase_add_test(tc, a_file_over_the_limit_is_refused_unparsed);
	tcase_add_test(tc, many_settings_in_one_group_are_refused_quickly);
	tcase_add_loop_test(
	    tc, every_cut_of_the_shipped_file_is_judged_without_harm, 0, 40);
	suite_add_tcase(suite, tc);
	return suite;
}
