/*
 * shosts.equiv: which lines let in whom.
 */
#include "tests/unit/modules/suites.h"

#include "modules/hostbased/equiv.c"

const struct sallyport_host *hb_host;

char *
hb_read(const struct hb_request *r, const char *path, bool of_user, size_t *len)
{
	(void)r;
	(void)path;
	(void)of_user;
	*len = 0;
	return NULL;
}

/* Client user "ann" from host.example (192.0.2.9) as our "ann". */
static const struct {
	const char *text;
	enum hb_answer answer;
} files[] = {
    {"", HB_NO_ENTRY},
    {"host.example", HB_EQUIVALENT},
    {"host.example\n", HB_EQUIVALENT},
    {"HOST.Example\n", HB_EQUIVALENT},
    {"192.0.2.9\n", HB_EQUIVALENT},
    {"# host.example\n", HB_NO_ENTRY},
    {"host.example # our own\n", HB_EQUIVALENT},
    {"other\n  host.example\t ann \r\n", HB_EQUIVALENT},
    {"host.example bob\n", HB_NO_ENTRY},
    {"host.example bob\nhost.example ann\n", HB_EQUIVALENT},
    {"-host.example\nhost.example\n", HB_REFUSED},
    {"host.example -ann\nhost.example\n", HB_REFUSED},
    {"+\n", HB_NO_ENTRY},
    {"+ +\n", HB_NO_ENTRY},
    {"host.example +\n", HB_NO_ENTRY},
    {"+host.example\n", HB_EQUIVALENT},
    {"+ ann\n", HB_NO_ENTRY},
    {"-\n", HB_NO_ENTRY},
    {"*\nhost.*\n", HB_NO_ENTRY},
    {"host.example ann more\n", HB_NO_ENTRY},
    {"NO_PLUS\n", HB_NO_ENTRY},
    {"host.exampl\n", HB_NO_ENTRY},
};

START_TEST(a_line_lets_in_whom_it_names_and_wild_ones_nobody)
{
	const char *text = files[_i].text;
	size_t len = strlen(text);
	char *copy = malloc(len + 1);

	/* No terminator behind it: a reader that runs on is seen by ASan. */
	memcpy(copy, text, len);
	ck_assert_int_eq(hb_equiv_check(copy, len, "host.example", "192.0.2.9",
			     "ann", "ann"),
	    files[_i].answer);
	free(copy);
}
END_TEST

START_TEST(another_client_user_needs_to_be_named)
{
	ck_assert_int_eq(
	    hb_equiv_check("h bob\n", 6, "h", "192.0.2.9", "bob", "ann"),
	    HB_EQUIVALENT);
	ck_assert_int_eq(
	    hb_equiv_check("h\n", 2, "h", "192.0.2.9", "bob", "ann"),
	    HB_NO_ENTRY);
}
END_TEST

Suite *
suite_hostbased(void)
{
	Suite *s = suite_create("hostbased");
	TCase *t = tcase_create("equiv");

	tcase_add_loop_test(t,
	    a_line_lets_in_whom_it_names_and_wild_ones_nobody, 0,
	    (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(t, another_client_user_needs_to_be_named);
	suite_add_tcase(s, t);
	return s;
}
