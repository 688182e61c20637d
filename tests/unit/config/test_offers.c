/*
 * config/offers.c: a listener's own lists and host keys, and the top level's.
 */
#include "config/offers.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

#define TOP                                 \
	"host_keys = [ \"/a\", \"/b\" ];\n" \
	"crypto = { ciphers = [ \"aes256-ctr\", \"aes128-ctr\" ]; };\n"
#define LISTENERS(own)                                                     \
	"listeners = ( { name = \"one\"; port = 1; },\n{ name = \"own\"; " \
	"port = 2; " own " } );\n"

static char *
joined(const struct strings *list)
{
	static char text[2048];

	text[0] = '\0';
	for (size_t i = 0; i < list->count; i++) {
		strcat(text, i > 0 ? "," : "");
		strcat(text, list->items[i]);
	}
	return text;
}

START_TEST(what_a_listener_does_not_set_is_the_top_level_s)
{
	struct config *c = config_of(
	    TOP LISTENERS("crypto = { macs = [ \"hmac-sha2-256\" ]; };"));
	const struct listener *one = offer_listener(c, "one");
	const struct listener *own = offer_listener(c, "own");

	ck_assert(!one->offers && own->offers);
	ck_assert_ptr_null(offer_listener(c, "two"));
	ck_assert_str_eq(joined(&one->crypto.ciphers), "aes256-ctr,aes128-ctr");
	ck_assert_str_eq(joined(&own->crypto.ciphers), "aes256-ctr,aes128-ctr");
	ck_assert_str_eq(joined(&own->crypto.macs), "hmac-sha2-256");
	ck_assert_uint_gt(one->crypto.macs.count, 1);
	ck_assert_uint_gt(c->crypto.macs.count, 1);
	ck_assert_str_eq(joined(&own->host_keys), "/a,/b");
	ck_assert_str_eq(joined(&c->host_key_files), "/a,/b");
	ck_assert_uint_eq(own->crypto.rsa_bits, c->crypto.rsa_bits);
	ck_assert_uint_eq(
	    own->crypto.key_algorithms.count, c->crypto.key_algorithms.count);
	config_free(c);
}
END_TEST

START_TEST(changes_are_of_the_own_profile_or_of_the_top_level)
{
	struct config *c = config_of(
	    TOP LISTENERS("crypto = { ciphers = [ \"-aes128*\" ]; };"));

	ck_assert_str_eq(
	    joined(&offer_listener(c, "own")->crypto.ciphers), "aes256-ctr");
	ck_assert_uint_eq(c->crypto.ciphers.count, 2);
	config_free(c);
	c = config_of(TOP LISTENERS("crypto = { profile = \"stig\"; "
				    "ciphers = [ \"-*gcm*\" ]; };"));
	ck_assert_str_eq(joined(&offer_listener(c, "own")->crypto.ciphers),
	    "aes256-ctr,aes128-ctr");
	ck_assert_str_eq(joined(&offer_listener(c, "own")->crypto.macs),
	    "hmac-sha2-512,hmac-sha2-256");
	ck_assert_uint_eq(
	    offer_listener(c, "own")->crypto.profile, CRYPTO_STIG);
	ck_assert_uint_eq(c->crypto.profile, CRYPTO_MODERN);
	config_free(c);
}
END_TEST

START_TEST(a_listener_may_do_without_exchanges_by_gss)
{
	struct config *c =
	    config_of(TOP LISTENERS("crypto = { gss_kex = [ ]; };"));

	ck_assert(offer_listener(c, "own")->offers);
	ck_assert_uint_eq(offer_listener(c, "own")->crypto.gss_kex.count, 0);
	ck_assert_uint_gt(c->crypto.gss_kex.count, 0);
	config_free(c);
	c = config_of("crypto = { gss_kex = [ ]; };\n" LISTENERS(
	    "crypto = { gss_kex = [ \"+gss-nistp256-sha256-\" ]; };"));
	ck_assert_uint_eq(c->crypto.gss_kex.count, 0);
	ck_assert_str_eq(joined(&offer_listener(c, "own")->crypto.gss_kex),
	    "gss-nistp256-sha256-");
	config_free(c);
}
END_TEST

START_TEST(host_key_files_are_those_in_use_each_once)
{
	static const char of_all[] =
	    "listeners = ( { name = \"x\"; port = 1; host_keys = [ \"/c\" ]; "
	    "}, "
	    "{ name = \"y\"; port = 2; host_keys = [ \"/d\", \"/c\" ]; } );";
	struct config *c =
	    config_of(TOP LISTENERS("host_keys = [ \"/c\", \"/b\" ];"));

	ck_assert_str_eq(joined(&c->host_key_files), "/a,/b,/c");
	ck_assert_str_eq(joined(&offer_listener(c, "own")->host_keys), "/c,/b");
	config_free(c);
	/* Nobody needs the defaults of the top level. */
	c = config_of(of_all);
	ck_assert_str_eq(joined(&c->host_key_files), "/c,/d");
	config_free(c);
}
END_TEST

static const struct {
	const char *text;
	const char *problem; /* the only line */
} rows[] = {
    {TOP LISTENERS("crypto = { kex = [ ]; };"),
	"a.conf:4: listeners.crypto.kex: nothing is left in the list\n"},
    {TOP LISTENERS("crypto = { kex = [ \"-*\" ]; };"),
	"a.conf:4: listeners.crypto.kex: nothing is left in the list\n"},
    {TOP LISTENERS("crypto = { ciphers = [ \"aes256-ctrr\" ]; };"),
	"a.conf:4: listeners.crypto.ciphers: \"aes256-ctrr\": unknown name; "
	"did you mean \"aes256-ctr\"?\n"},
    {TOP LISTENERS("crypto = { kexx = [ ]; };"),
	"a.conf:4: listeners.crypto.kexx: unknown key; did you mean "
	"\"crypto.kex\"?\n"},
    {TOP LISTENERS("kex = [ ];"),
	"a.conf:4: listeners.kex: unknown key; did you mean "
	"\"crypto.kex\"?\n"},
    {TOP LISTENERS("crypto = { key_algorithms = [ ]; };"),
	"a.conf:4: listeners.crypto.key_algorithms: unknown key"},
    {TOP LISTENERS("crypto = [ ];"),
	"a.conf:4: listeners.crypto: wrong type: this is a group, { ... "
	"}\n"},
    {TOP LISTENERS("crypto = { profile = \"fips\"; };"),
	"a.conf:4: listeners.crypto.profile: \"fips\" is of the whole"},
    {"crypto = { profile = \"fips\"; };\nhost_keys = [ \"/a\" ];\n" LISTENERS(
	 "crypto = { profile = \"fips\"; };"),
	""},
    {"crypto = { profile = \"fips\"; };\n\n" LISTENERS(
	 "crypto = { ciphers = [ \"chacha20-poly1305@openssh.com\" ]; };"),
	"a.conf:4: listeners.crypto.ciphers: "
	"\"chacha20-poly1305@openssh.com\": unknown name"},
    {TOP LISTENERS("host_keys = [ \"/c\", \"/c\" ];"),
	"a.conf:4: listeners.host_keys: /c is named twice\n"},
    {"host_keys = [ \"/a\", \"/a\" ];",
	"a.conf:1: host_keys: /a is named "
	"twice\n"},
};

START_TEST(what_cannot_be_offered_is_named_with_its_place)
{
	char *got = problems_of(rows[_i].text);

	if (rows[_i].problem[0] == '\0')
		ck_assert_str_eq(got, "");
	else
		ck_assert_uint_eq(lines_in(got), 1);
	ck_assert_msg(strstr(got, rows[_i].problem) != NULL, "%s", got);
	free(got);
}
END_TEST

/* 16 in a list, 32 together. */
START_TEST(more_host_keys_than_there_is_room_for_are_refused)
{
	char text[8192] = "listeners = (", *got;
	size_t used = strlen(text);

	for (int i = 0; i < 33; i++) {
		if (i % 11 == 0)
			used += (size_t)sprintf(&text[used],
			    "%s{ name = \"l%d\"; port = %d; host_keys = [",
			    i > 0 ? " ]; }," : "", i, i + 1);
		used += (size_t)sprintf(
		    &text[used], "%s\"/k%d\"", i % 11 > 0 ? "," : "", i);
	}
	strcat(text, " ]; } );");
	got = problems_of(text);
	ck_assert_str_eq(got,
	    "a.conf:1: listeners.host_keys: more than 32 host keys "
	    "together\n");
	free(got);
}
END_TEST

Suite *
suite_offers(void)
{
	Suite *s = suite_create("offers");
	TCase *t = tcase_create("offers");

	tcase_add_test(t, what_a_listener_does_not_set_is_the_top_level_s);
	tcase_add_test(t, changes_are_of_the_own_profile_or_of_the_top_level);
	tcase_add_test(t, a_listener_may_do_without_exchanges_by_gss);
	tcase_add_test(t, host_key_files_are_those_in_use_each_once);
	tcase_add_loop_test(t, what_cannot_be_offered_is_named_with_its_place,
	    0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, more_host_keys_than_there_is_room_for_are_refused);
	suite_add_tcase(s, t);
	return s;
}
