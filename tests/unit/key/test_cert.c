/*
 * Certificates: those of ssh-keygen, what they say and when they are
 * believed.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "tests/unit/key/authenticator.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_2026 1767225600u /* 1 January, 0:00 UTC: all fixtures' start */
#define YEAR_2027 1798761600u
#define IN_2026	  (YEAR_2026 + 86400)

static const char *const alice[] = {"alice"};
static const char *const mallory[] = {"mallory", "ALICE", "alice,bob", ""};
static const char *const host_name[] = {"host.example.org"};

#define RULES(k, n, c, t)                                         \
	{                                                         \
		.kind = k, .names = n, .name_count = c, .now = t, \
		.rsa_min_bits = 2048                              \
	}

static const struct {
	const char *file;
	struct cert_rules rules;
	enum cert_verdict verdict;
} rows[] = {
    {"user", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user", RULES(CERT_USER, NULL, 0, IN_2026), CERT_GOOD},
    {"user", RULES(CERT_USER, mallory, 4, IN_2026), CERT_NOT_A_PRINCIPAL},
    {"user", RULES(CERT_USER, alice, 1, YEAR_2026), CERT_GOOD},
    {"user", RULES(CERT_USER, alice, 1, YEAR_2026 - 1), CERT_NOT_YET_VALID},
    {"user", RULES(CERT_USER, alice, 1, YEAR_2027 - 1), CERT_GOOD},
    {"user", RULES(CERT_USER, alice, 1, YEAR_2027), CERT_PAST},
    {"user", RULES(CERT_HOST, alice, 1, IN_2026), CERT_WRONG_KIND},
    {"user",
	{.kind = CERT_USER,
	    .names = alice,
	    .name_count = 1,
	    .now = IN_2026,
	    .max_lifetime = 366 * 86400},
	CERT_GOOD},
    {"user",
	{.kind = CERT_USER,
	    .names = alice,
	    .name_count = 1,
	    .now = IN_2026,
	    .max_lifetime = 364 * 86400},
	CERT_TOO_LONG_LIVED},
    {"user_forever",
	{.kind = CERT_USER,
	    .names = alice,
	    .name_count = 1,
	    .now = IN_2026,
	    .max_lifetime = 364 * 86400},
	CERT_TOO_LONG_LIVED},
    {"user_forever", RULES(CERT_USER, alice, 1, 1), CERT_GOOD},
    {"user",
	{.kind = CERT_USER,
	    .names = alice,
	    .name_count = 1,
	    .now = IN_2026,
	    .ca_algorithms = "rsa-sha2-512"},
	CERT_CA_ALGORITHM},
    {"user",
	{.kind = CERT_USER,
	    .names = alice,
	    .name_count = 1,
	    .now = IN_2026,
	    .ca_algorithms = "rsa-sha2-512,ssh-ed25519x,ssh-ed25519"},
	CERT_GOOD},
    {"user",
	{.kind = CERT_USER,
	    .names = alice,
	    .name_count = 1,
	    .now = IN_2026,
	    .ca_algorithms = ""},
	CERT_CA_ALGORITHM},
    {"user_ecdsa", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user_ecdsa384", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user_ecdsa521", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user_rsa", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user_rsa256", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user_rsa",
	{.kind = CERT_USER,
	    .names = alice,
	    .name_count = 1,
	    .now = IN_2026,
	    .rsa_min_bits = 3072},
	CERT_CA_LENGTH},
    {"user_short_key", RULES(CERT_USER, alice, 1, IN_2026), CERT_KEY_SHORT},
    {"user_options", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user_unknown_critical", RULES(CERT_USER, alice, 1, IN_2026),
	CERT_CRITICAL},
    {"user_unknown_extension", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"user_no_principals", RULES(CERT_USER, alice, 1, IN_2026),
	CERT_NO_PRINCIPALS},
    {"user_no_principals", RULES(CERT_USER, NULL, 0, IN_2026),
	CERT_NO_PRINCIPALS},
    {"user_serial0", RULES(CERT_USER, alice, 1, IN_2026), CERT_GOOD},
    {"host", RULES(CERT_HOST, host_name, 1, IN_2026), CERT_GOOD},
    {"host", RULES(CERT_HOST, alice, 1, IN_2026), CERT_NOT_A_PRINCIPAL},
    {"host", RULES(CERT_USER, host_name, 1, IN_2026), CERT_WRONG_KIND},
    {"host_rsa", RULES(CERT_HOST, host_name, 1, IN_2026), CERT_GOOD},
    {"ed25519.pub", RULES(CERT_USER, alice, 1, IN_2026), CERT_INVALID},
};

static struct key *
read_cert(const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "%s%s", name,
	    strchr(name, '.') == NULL ? "-cert.pub" : "");
	return data_key(file);
}

START_TEST(a_certificate_is_believed_only_if_all_is_right)
{
	struct key *key = read_cert(rows[_i].file);
	char why[256] = "";

	ck_assert_str_eq(cert_verdict_text(cert_check(
			     key, &rows[_i].rules, why, sizeof(why))),
	    cert_verdict_text(rows[_i].verdict));
	ck_assert_str_ne(why, "");
	ck_assert_int_eq(
	    cert_check(key, &rows[_i].rules, NULL, 0), rows[_i].verdict);
	key_free(key);
}
END_TEST

/* The signature covers all of it: parsed again with one bit changed. */
START_TEST(no_bit_of_a_certificate_may_change)
{
	static const char *const files[] = {
	    "user", "user_ecdsa", "user_rsa", "host"};
	struct key *key = read_cert(files[_i]), *forged;
	struct cert_rules rules = {.now = IN_2026};
	size_t len, believed = 0, parsed = 0;
	const uint8_t *blob = key_blob(key, &len);
	uint8_t *copy = malloc(len);

	rules.kind = _i == 3 ? CERT_HOST : CERT_USER;
	ck_assert_int_eq(cert_check(key, &rules, NULL, 0), CERT_GOOD);
	memcpy(copy, blob, len);
	for (size_t i = 0; i < len; i++) {
		copy[i] ^= (uint8_t)(1u << (i % 8));
		if (key_parse(copy, len, &forged) == 0) {
			parsed++;
			believed +=
			    cert_check(forged, &rules, NULL, 0) == CERT_GOOD;
			key_free(forged);
		}
		copy[i] ^= (uint8_t)(1u << (i % 8));
	}
	ck_assert_uint_eq(believed, 0);
	ck_assert_uint_gt(parsed, 50); /* nonce, names, dates, signature */
	free(copy);
	key_free(key);
}
END_TEST

START_TEST(what_a_certificate_says_is_told)
{
	struct key *key = read_cert("user_options");
	struct key *ca = data_key("ca_ed25519.pub");
	const struct cert *cert = key_cert(key);

	ck_assert_uint_eq(cert->serial, 1008);
	ck_assert_int_eq(cert->kind, CERT_USER);
	ck_assert_str_eq(cert->key_id, "options");
	ck_assert_uint_eq(cert->principal_count, 1);
	ck_assert_str_eq(cert->principals[0], "alice");
	ck_assert_uint_eq(cert->valid_after, YEAR_2026);
	ck_assert_uint_eq(cert->valid_before, YEAR_2027);
	ck_assert_str_eq(cert->force_command, "echo \"hi, there\"");
	ck_assert_str_eq(cert->source_address, "192.0.2.0/24,2001:db8::/32");
	ck_assert(cert->verify_required);
	ck_assert(cert->no_touch_required);
	ck_assert(cert->permit_pty);
	ck_assert(!cert->permit_port && !cert->permit_agent &&
	    !cert->permit_x11 && !cert->permit_user_rc);
	ck_assert_uint_eq(cert->critical_count, 3);
	ck_assert_ptr_null(cert->unknown_critical);
	ck_assert_ptr_null(cert->unknown_extensions);
	ck_assert_str_eq(cert->signature_alg, "ssh-ed25519");
	ck_assert(key_equal(cert->ca, ca));
	key_free(ca);
	key_free(key);
}
END_TEST

START_TEST(extensions_are_all_permitted_by_default_and_unknown_ones_noted)
{
	struct key *key = read_cert("user_unknown_extension");
	struct key *critical = read_cert("user_unknown_critical");
	const struct cert *cert = key_cert(key);

	ck_assert(cert->permit_pty && cert->permit_port && cert->permit_agent &&
	    cert->permit_x11 && cert->permit_user_rc);
	ck_assert(!cert->no_touch_required);
	ck_assert_str_eq(
	    cert->unknown_extensions, "novel@example.org,other@example.org");
	ck_assert_str_eq(
	    key_cert(critical)->unknown_critical, "novel@example.org");
	key_free(critical);
	key_free(key);
}
END_TEST

START_TEST(a_ca_that_signs_with_sha1_is_not_even_parsed)
{
	struct key *key = NULL;
	size_t len;
	char *text = data_read("user_rsa_sha1-cert.pub", &len);

	ck_assert_int_eq(
	    key_parse_line(text, len, &key, NULL, NULL), E_UNSUPPORTED);
	ck_assert_ptr_null(key);
	free(text);
}
END_TEST

START_TEST(wildcards_are_for_hosts_alone)
{
	struct key *host = read_cert("host");

	ck_assert(cert_names(key_cert(host), "host.example.org"));
	ck_assert(cert_names(key_cert(host), "a.lab.example.org"));
	ck_assert(!cert_names(key_cert(host), "lab.example.org"));
	ck_assert(!cert_names(key_cert(host), ""));
	key_free(host);
}
END_TEST

/* A certificate of our own making, for what ssh-keygen refuses to make. */
struct recipe {
	const char *principals[4];
	const char *critical[4]; /* name, data */
	const char *extensions[4];
	uint32_t kind;
	const struct key *ca; /* NULL: the signer itself */
};

static void
write_pairs(const char *const *pairs, struct buf *b)
{
	size_t outer = buf_string_open(b), inner;

	for (size_t i = 0; i + 1 < 4 && pairs[i] != NULL; i += 2) {
		buf_text(b, pairs[i]);
		inner = buf_string_open(b);
		if (pairs[i + 1][0] != '\0')
			buf_text(b, pairs[i + 1]);
		buf_string_close(b, inner);
	}
	buf_string_close(b, outer);
}

static int
make_cert(const struct recipe *recipe, const struct key_private *signer,
    struct key **out)
{
	const struct key *public = key_private_public(signer);
	size_t len, mark;
	const uint8_t *blob;
	struct buf b, sig;
	int err;

	buf_init(&b, 32768);
	buf_init(&sig, 1024);
	blob = key_blob(public, &len);
	buf_text(&b, "ssh-ed25519-cert-v01@openssh.com");
	buf_string(&b, "nonce", 5);
	buf_bytes(&b, &blob[15], len - 15);
	buf_u64(&b, 1);
	buf_u32(&b, recipe->kind);
	buf_text(&b, "id");
	mark = buf_string_open(&b);
	for (size_t i = 0; i < 4 && recipe->principals[i] != NULL; i++)
		buf_text(&b, recipe->principals[i]);
	buf_string_close(&b, mark);
	buf_u64(&b, 0);
	buf_u64(&b, UINT64_MAX);
	write_pairs(recipe->critical, &b);
	write_pairs(recipe->extensions, &b);
	buf_text(&b, "");
	blob = key_blob(recipe->ca == NULL ? public : recipe->ca, &len);
	buf_string(&b, blob, len);
	ck_assert_int_eq(key_sign(signer, key_alg_find("ssh-ed25519", 11),
			     b.data, b.len, &sig),
	    0);
	buf_string(&b, sig.data, sig.len);
	err = key_parse(b.data, b.len, out);
	buf_free(&sig);
	buf_free(&b);
	return err;
}

static const struct {
	const char *what;
	struct recipe recipe;
	int err;
	enum cert_verdict verdict;
} recipes[] = {
    {"plain", {.principals = {"u"}, .kind = 1}, 0, CERT_GOOD},
    {"kind 3", {.principals = {"u"}, .kind = 3}, E_VALUE, 0},
    {"kind 0", {.principals = {"u"}, .kind = 0}, E_VALUE, 0},
    {"an option twice",
	{.principals = {"u"},
	    .kind = 1,
	    .critical = {"force-command", "a", "force-command", "b"}},
	E_EXISTS, 0},
    {"a flag with data",
	{.principals = {"u"}, .kind = 1, .extensions = {"permit-pty", "yes"}},
	E_TRAILING, 0},
    {"a command without its inner string",
	{.principals = {"u"}, .kind = 1, .critical = {"force-command", ""}},
	E_TRUNCATED, 0},
    {"a source that is no address",
	{.principals = {"u"}, .kind = 1, .critical = {"source-address", "*"}},
	0, CERT_CRITICAL},
    {"a source that is empty behind the comma",
	{.principals = {"u"},
	    .kind = 1,
	    .critical = {"source-address", "10.0.0.0/8,"}},
	0, CERT_CRITICAL},
    {"a source with a mask too long",
	{.principals = {"u"},
	    .kind = 1,
	    .critical = {"source-address", "10.0.0.0/33"}},
	0, CERT_CRITICAL},
    {"an unknown option whose name cannot be shown",
	{.principals = {"u"}, .kind = 1, .critical = {"\x1b[2J", "x"}}, 0,
	CERT_CRITICAL},
    {"a host with a critical option",
	{.principals = {"u"}, .kind = 2, .critical = {"force-command", "x"}}, 0,
	CERT_CRITICAL},
    {"an empty principal beside others", {.principals = {"", "u"}, .kind = 1},
	0, CERT_GOOD},
};

START_TEST(certificates_no_tool_makes_are_judged_too)
{
	static const char *const names[] = {"u"};
	struct cert_rules rules = RULES(CERT_USER, names, 1, IN_2026);
	struct key_private *signer;
	struct key *key = NULL;

	rules.kind = recipes[_i].recipe.kind == 2 ? CERT_HOST : CERT_USER;
	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &signer), 0);
	ck_assert_msg(
	    make_cert(&recipes[_i].recipe, signer, &key) == recipes[_i].err,
	    "%s", recipes[_i].what);
	if (key != NULL)
		ck_assert_msg(
		    cert_check(key, &rules, NULL, 0) == recipes[_i].verdict,
		    "%s", recipes[_i].what);
	key_free(key);
	key_private_free(signer);
}
END_TEST

START_TEST(a_certificate_is_no_ca)
{
	struct recipe recipe = {.principals = {"u"}, .kind = 1};
	struct key_private *signer;
	struct key *inner, *key = NULL;

	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &signer), 0);
	ck_assert_int_eq(make_cert(&recipe, signer, &inner), 0);
	recipe.ca = inner;
	ck_assert_int_eq(make_cert(&recipe, signer, &key), E_DENIED);
	ck_assert_ptr_null(key);
	key_free(inner);
	key_private_free(signer);
}
END_TEST

Suite *
suite_cert(void)
{
	Suite *s = suite_create("cert");
	TCase *t = tcase_create("cert");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_certificate_is_believed_only_if_all_is_right,
	    0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(t, no_bit_of_a_certificate_may_change, 0, 4);
	tcase_add_test(t, what_a_certificate_says_is_told);
	tcase_add_test(
	    t, extensions_are_all_permitted_by_default_and_unknown_ones_noted);
	tcase_add_test(t, a_ca_that_signs_with_sha1_is_not_even_parsed);
	tcase_add_test(t, wildcards_are_for_hosts_alone);
	tcase_add_loop_test(t, certificates_no_tool_makes_are_judged_too, 0,
	    (int)(sizeof(recipes) / sizeof(recipes[0])));
	tcase_add_test(t, a_certificate_is_no_ca);
	suite_add_tcase(s, t);
	return s;
}
