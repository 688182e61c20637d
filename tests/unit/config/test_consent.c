/* Consent: the text that is shown, the answers that agree, and the keys. */
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include "config/consent.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define BYTES(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct {
	struct {
		const char *data;
		size_t len;
	} in;
	const char *shown; /* NULL: refused */
} texts[] = {
    {BYTES("one\ntwo\n"), "one\ntwo"},
    {BYTES("one\r\n\r\ntwo\r\n"), "one\n\ntwo"},
    {BYTES("\xef\xbb\xbfone"), "one"},
    {BYTES("Gr\xc3\xbc\xc3\x9f"
	   "e\tyou"),
	"Gr\xc3\xbc\xc3\x9f"
	"e\tyou"},
    {BYTES("a\x1b[2Jb\x7f\x9b"), "a?[2Jb??"},
    {BYTES("a\xe2\x80\xae"
	   "b"),
	"a???b"},
    {BYTES("a\rb\r"), "a?b?"},
    {BYTES("a\xc3"), "a?"},
    {BYTES(""), NULL},
    {BYTES(" \n\t\r\n"), NULL},
    {BYTES("\xef\xbb\xbf"), NULL},
    {BYTES("a\0b"), NULL},
};

START_TEST(a_text_is_shown_without_what_moves_a_cursor)
{
	char *text;
	const char *fault =
	    consent_text(texts[_i].in.data, texts[_i].in.len, &text);

	if (texts[_i].shown == NULL) {
		ck_assert_ptr_nonnull(fault);
		ck_assert_ptr_null(text);
		return;
	}
	ck_assert_ptr_null(fault);
	ck_assert_str_eq(text, texts[_i].shown);
	free(text);
}
END_TEST

START_TEST(a_text_over_the_limit_is_refused_and_not_cut)
{
	char *large = mem_zalloc(CONSENT_FILE_MAX + 1), *text;

	memset(large, 'x', CONSENT_FILE_MAX + 1);
	ck_assert_ptr_null(consent_text(large, CONSENT_FILE_MAX, &text));
	ck_assert_uint_eq(strlen(text), CONSENT_FILE_MAX);
	free(text);
	ck_assert_ptr_nonnull(consent_text(large, CONSENT_FILE_MAX + 1, &text));
	free(large);
}
END_TEST

START_TEST(yes_agrees_and_nothing_else_does)
{
	static const char *const good[] = {
	    "yes", "YES", "Yes", " yes ", "\tyes\r\n"};
	static const char *const bad[] = {"", " ", "y", "no", "ye", "yess",
	    "yes yes", "yes.", "\"yes\"", "y es", "ja", "oui", "ye\x73\x01"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(consent_agrees(good[i]), "\"%s\"", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!consent_agrees(bad[i]), "\"%s\"", bad[i]);
}
END_TEST

#define RULE(words)                                                       \
	"rules = ( { name = \"all\"; methods = [ \"publickey\" ]; " words \
	" } );"
#define GUARD(words) " guards = ( { name = \"g\"; " words " } );"
#define TEXT	     "consent_file = \"/etc/consent\";"

static const struct {
	const char *text, *problem; /* of which a part; NULL: none */
} configurations[] = {
    {RULE("consent = { file = \"/etc/consent\"; require = true; };"), NULL},
    {RULE("consent_require = true;"),
	"rules.all.consent_require: needs consent_file"},
    {RULE("consent_require = true;") GUARD(TEXT), NULL},
    {RULE("") GUARD("consent_require = true;"),
	"rules.all has no consent_file"},
    {RULE(TEXT) GUARD("consent_require = true;"), NULL},
    {RULE("consent = { files = 1; };"), "consent"},
    {RULE("consent = { file = \"relative\"; };"), "consent.file"},
};

START_TEST(a_requirement_without_a_text_is_a_problem)
{
	char *problems = problems_of(configurations[_i].text);

	if (configurations[_i].problem == NULL)
		ck_assert_ptr_null(strstr(problems, "consent"));
	else
		ck_assert_msg(
		    strstr(problems, configurations[_i].problem) != NULL, "%s",
		    problems);
	free(problems);
}
END_TEST

Suite *
suite_consent(void)
{
	Suite *suite = suite_create("consent");
	TCase *tc = tcase_create("consent");

	tcase_add_loop_test(tc, a_text_is_shown_without_what_moves_a_cursor, 0,
	    (int)(sizeof(texts) / sizeof(texts[0])));
	tcase_add_test(tc, a_text_over_the_limit_is_refused_and_not_cut);
	tcase_add_test(tc, yes_agrees_and_nothing_else_does);
	tcase_add_loop_test(tc, a_requirement_without_a_text_is_a_problem, 0,
	    (int)(sizeof(configurations) / sizeof(configurations[0])));
	suite_add_tcase(suite, tc);
	return suite;
}
