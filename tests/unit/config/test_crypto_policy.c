/*
 * The system-wide policy on algorithms: its two formats, what is wrong with a
 * file, and that nothing widens it.
 */
#include "config/algorithms.h"
#include "config/crypto_policy.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_FORMAT                                                       \
	"# of update-crypto-policies\n"                                  \
	"Ciphers aes256-gcm@openssh.com,aes256-ctr,aes128-ctr\n"         \
	"MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512\n"             \
	"GSSAPIKexAlgorithms gss-nistp256-sha256-,gss-group14-sha256-\n" \
	"KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256\n"           \
	"HostKeyAlgorithms ecdsa-sha2-nistp256,rsa-sha2-512\n"           \
	"PubkeyAcceptedAlgorithms "                                      \
	"ecdsa-sha2-nistp256,rsa-sha2-512,ssh-ed25519\n"                 \
	"HostbasedAcceptedAlgorithms ecdsa-sha2-nistp256,rsa-sha2-512\n" \
	"CASignatureAlgorithms ecdsa-sha2-nistp256\n"                    \
	"RequiredRSASize 3072\n"

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

/* The configuration beside a policy (NULL: without one); its problems. */
static char *
load(const char *policy, const char *text, struct config **config)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	*config = NULL;
	ck_assert_int_eq(
	    config_bundle_add(&bundle, "a.conf", text, strlen(text)), 0);
	if (policy != NULL)
		ck_assert_int_eq(config_bundle_add(&bundle, CRYPTO_POLICY_FILE,
				     policy, strlen(policy)),
		    0);
	(void)config_load(&bundle, config, &problems);
	problems_print(&problems, f);
	fclose(f);
	problems_free(&problems);
	config_bundle_free(&bundle);
	return out;
}

START_TEST(the_lists_are_the_policy_s)
{
	struct config *c;
	char *said =
	    load(NEW_FORMAT, "crypto = { profile = \"system\"; };\n", &c);

	ck_assert_msg(c != NULL, "%s", said);
	ck_assert_str_eq(joined(&c->crypto.ciphers),
	    "aes256-gcm@openssh.com,aes256-ctr,aes128-ctr");
	ck_assert_str_eq(joined(&c->crypto.macs),
	    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512");
	ck_assert_str_eq(
	    joined(&c->crypto.kex), "curve25519-sha256,ecdh-sha2-nistp256");
	ck_assert_str_eq(joined(&c->crypto.gss_kex),
	    "gss-nistp256-sha256-,gss-group14-sha256-");
	ck_assert_str_eq(joined(&c->crypto.host_key_algorithms),
	    "ecdsa-sha2-nistp256,rsa-sha2-512");
	/* Algorithms that the file allows for keys of users and of hosts. */
	ck_assert_str_eq(joined(&c->crypto.key_algorithms),
	    "ecdsa-sha2-nistp256,rsa-sha2-512");
	ck_assert_str_eq(
	    joined(&c->crypto.ca_algorithms), "ecdsa-sha2-nistp256");
	ck_assert_uint_eq(c->crypto.rsa_bits, 3072);
	ck_assert_str_eq(said, "");
	free(said);
	config_free(c);
}
END_TEST

START_TEST(another_profile_does_not_ask_the_policy)
{
	struct config *c;
	char *said =
	    load("what is this?\n", "crypto = { profile = \"cis\"; };\n", &c);

	ck_assert_msg(c != NULL, "%s", said);
	ck_assert_str_eq(said, "");
	free(said);
	config_free(c);
}
END_TEST

START_TEST(the_older_format_says_the_same)
{
	struct config *c;
	char *said = load("CRYPTO_POLICY='-oCiphers=aes256-ctr,aes128-ctr "
			  "-oMACs=hmac-sha2-512 "
			  "-oGSSAPIKeyExchange=no "
			  "-oPubkeyAcceptedKeyTypes=rsa-sha2-512'\n",
	    "crypto = { profile = \"system\"; };\n", &c);

	ck_assert_msg(c != NULL, "%s", said);
	ck_assert_str_eq(joined(&c->crypto.ciphers), "aes256-ctr,aes128-ctr");
	ck_assert_str_eq(joined(&c->crypto.macs), "hmac-sha2-512");
	ck_assert_str_eq(joined(&c->crypto.key_algorithms), "rsa-sha2-512");
	ck_assert_uint_eq(c->crypto.gss_kex.count, 0);
	ck_assert_uint_eq(c->crypto.rsa_bits, 2048);
	free(said);
	config_free(c);
}
END_TEST

START_TEST(names_that_are_unknown_are_told_once_for_a_list)
{
	struct config *c;
	char *said =
	    load("Ciphers aes256-ctr,aes256-ccm@openssh.com,3des-cbc\n",
		"crypto = { profile = \"system\"; };\n", &c);

	ck_assert_msg(c != NULL, "%s", said);
	ck_assert_str_eq(joined(&c->crypto.ciphers), "aes256-ctr");
	ck_assert_uint_eq(lines_in(said), 1);
	ck_assert_msg(
	    strstr(said, "opensshserver.config:1: ") != NULL, "%s", said);
	ck_assert_msg(strstr(said,
			  "Ciphers: this server does not have "
			  "aes256-ccm@openssh.com, 3des-cbc") != NULL,
	    "%s", said);
	free(said);
	config_free(c);
}
END_TEST

/* It may bound what nothing else in the file does. */
START_TEST(a_keyword_that_is_unknown_is_an_error)
{
	struct config *c;
	char *said = load("Ciphers aes256-ctr\nKbdInteractiveHash sha2\n",
	    "crypto = { profile = \"system\"; };\n", &c);

	ck_assert(c == NULL);
	ck_assert_msg(strstr(said,
			  "opensshserver.config:2: KbdInteractiveHash: this "
			  "server does not know the keyword") != NULL,
	    "%s", said);
	free(said);
}
END_TEST

static const char *const narrower[] = {
    "ciphers = [ \"aes256-ctr\" ];",
    "ciphers = [ \"-aes128*\" ];",
    "ciphers = [ \"^aes128-ctr\" ];",
    "rsa_bits = 4096;",
};

START_TEST(the_configuration_can_narrow_the_policy)
{
	struct config *c;
	char text[256], *said;

	snprintf(text, sizeof(text), "crypto = { profile = \"system\"; %s };\n",
	    narrower[_i]);
	said = load(NEW_FORMAT, text, &c);
	ck_assert_msg(c != NULL, "%s", said);
	free(said);
	config_free(c);
}
END_TEST

static const struct {
	const char *crypto, *listener, *said;
} wider[] = {
    {"ciphers = [ \"+chacha20-poly1305@openssh.com\" ];", "",
	"crypto.ciphers: \"chacha20-poly1305@openssh.com\": is not permitted "
	"by /etc/crypto-policies"},
    {"ciphers = [ \"aes192-ctr\" ];", "", "\"aes192-ctr\": is not permitted"},
    {"kex = [ \"^sntrup761x25519-sha512\" ];", "", "is not permitted"},
    {"key_algorithms = [ \"ssh-ed25519\" ];", "", "is not permitted"},
    {"gss_kex = [ \"+gss-curve25519-sha256-\" ];", "", "is not permitted"},
    {"rsa_bits = 2048;", "", "demands 3072 bits at least"},
    {"", "ciphers = [ \"+aes192-ctr\" ];", "\"aes192-ctr\": is not permitted"},
    {"", "macs = [ \"hmac-sha1\" ];", "\"hmac-sha1\": is not permitted"},
    {"", "profile = \"legacy\";", "no listener can have another"},
};

START_TEST(nothing_in_the_configuration_widens_the_policy)
{
	struct config *c;
	char text[512], *said;

	snprintf(text, sizeof(text),
	    "crypto = { profile = \"system\"; %s };\nlisteners = ( { name = "
	    "\"l\"; port = 2; crypto = { %s }; } );\n",
	    wider[_i].crypto, wider[_i].listener);
	said = load(NEW_FORMAT, text, &c);
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(said, wider[_i].said) != NULL, "%s", said);
	free(said);
}
END_TEST

START_TEST(a_list_for_keys_of_hosts_alone_narrows_as_well)
{
	struct config *c;
	char *said = load("HostbasedAcceptedAlgorithms rsa-sha2-512\n",
	    "crypto = { profile = \"system\"; };\n", &c);

	ck_assert_msg(c != NULL, "%s", said);
	ck_assert_str_eq(joined(&c->crypto.key_algorithms), "rsa-sha2-512");
	free(said);
	config_free(c);
}
END_TEST

START_TEST(without_its_file_the_profile_is_an_error_that_names_it)
{
	struct config *c;
	char *said = load(NULL, "\ncrypto = { profile = \"system\"; };\n", &c);

	ck_assert_ptr_null(c);
	ck_assert_str_eq(said,
	    "a.conf:2: crypto.profile: \"system\" needs " CRYPTO_POLICY_FILE
	    ", which is not there\n");
	free(said);
}
END_TEST

START_TEST(a_listener_alone_cannot_have_the_profile)
{
	struct config *c;
	char *said = load(NEW_FORMAT,
	    "listeners = ( { name = \"l\"; port = 2; crypto = { profile = "
	    "\"system\"; }; } );\n",
	    &c);

	ck_assert_ptr_null(c);
	ck_assert_msg(
	    strstr(said, "is of the whole server") != NULL, "%s", said);
	free(said);
}
END_TEST

static const char *const wrong[] = {
    "Ciphers\n",
    "Ciphers aes256-ctr aes128-ctr\n",
    "Ciphers aes256-ctr,,aes128-ctr\n",
    "Ciphers aes256-ctr,\n",
    "Ciphers +aes256-ctr\n",
    "Ciphers -aes256-ctr\n",
    "Ciphers \"aes256-ctr\"\n",
    "Ciphers aes*\n",
    "Ciphers aes256-ctr\nCiphers aes128-ctr\n",
    "Ciphers aes512-ctr\n", /* nothing is left */
    "HostbasedAcceptedAlgorithms rsa-sha2-512\n"
    "HostbasedAcceptedKeyTypes ssh-ed25519\n",
    "RequiredRSASize 512\n",
    "RequiredRSASize 2048x\n",
    "RequiredRSASize -1\n",
    "RequiredRSASize 2048\nRequiredRSASize 3072\n",
    "GSSAPIKeyExchange perhaps\n",
    "CRYPTO_POLICY=-oCiphers=aes256-ctr\n",
    "CRYPTO_POLICY='-oCiphers=aes256-ctr\n",
    "CRYPTO_POLICY='Ciphers=aes256-ctr'\n",
    "CRYPTO_POLICY='-oCiphers'\n",
};

START_TEST(a_file_that_is_not_of_the_format_is_refused)
{
	struct config *c;
	char *said =
	    load(wrong[_i], "crypto = { profile = \"system\"; };\n", &c);

	ck_assert_msg(c == NULL, "%s", wrong[_i]);
	ck_assert_msg(strstr(said, CRYPTO_POLICY_FILE) != NULL ||
		strstr(said, "nothing is left in the list") != NULL,
	    "%s", said);
	free(said);
}
END_TEST

START_TEST(a_file_with_a_nul_is_refused)
{
	static const char text[] = "Ciphers aes256-ctr\0,aes128-ctr\n";
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct crypto_policy policy;

	crypto_policy_parse(
	    "p", text, sizeof(text) - 1, arena, &problems, &policy);
	ck_assert_uint_eq(problems.errors, 1);
	problems_free(&problems);
	arena_free(arena);
}
END_TEST

#define ROWS(list) (int)(sizeof(list) / sizeof((list)[0]))

Suite *
suite_crypto_policy(void)
{
	Suite *s = suite_create("crypto_policy");
	TCase *t = tcase_create("crypto_policy");

	tcase_add_test(t, the_lists_are_the_policy_s);
	tcase_add_test(t, another_profile_does_not_ask_the_policy);
	tcase_add_test(t, the_older_format_says_the_same);
	tcase_add_test(t, names_that_are_unknown_are_told_once_for_a_list);
	tcase_add_test(t, a_keyword_that_is_unknown_is_an_error);
	tcase_add_loop_test(
	    t, the_configuration_can_narrow_the_policy, 0, ROWS(narrower));
	tcase_add_loop_test(
	    t, nothing_in_the_configuration_widens_the_policy, 0, ROWS(wider));
	tcase_add_test(t, a_list_for_keys_of_hosts_alone_narrows_as_well);
	tcase_add_test(
	    t, without_its_file_the_profile_is_an_error_that_names_it);
	tcase_add_test(t, a_listener_alone_cannot_have_the_profile);
	tcase_add_loop_test(
	    t, a_file_that_is_not_of_the_format_is_refused, 0, ROWS(wrong));
	tcase_add_test(t, a_file_with_a_nul_is_refused);
	suite_add_tcase(s, t);
	return s;
}
