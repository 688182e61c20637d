/*
 * publickey.so on real files of a real user, whom nobody else sees: each test
 * runs in a mount namespace of its own, over its own /etc/passwd.
 */
#include "config/policy/forward.h"
#include "tests/unit/modules/key_login.h"
#include "tests/unit/modules/suites.h"

#include "lib/mem.h"
#include "lib/ssh/ssh2.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_key_in_the_file_lets_in_after_its_signature)
{
	set_up();
	authorize(NULL);
	start("", "\"publickey\"");
	ck_assert_int_eq(query_key(mine), MSG_auth_key_ok);
	ck_assert(!f.logged_in);
	ck_assert(!try_key(mine, true));
	ck_assert(!f.logged_in);
	ck_assert(try_key(mine, false));
	ck_assert_str_eq(f.slot.key, f.m.auth->last_key.key_facts.fingerprint);
	ck_assert_uint_eq(fake_audit(AUDIT_key_accepted), 1);
	end();
}
END_TEST

START_TEST(another_key_is_refused_and_queries_are_not_counted)
{
	struct key_private *other;

	set_up();
	authorize(NULL);
	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &other), 0);
	start("", "\"publickey\"");
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(query_key(other), MSG_auth_verdict);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_fail), 0);
	ck_assert(!try_key(other, false));
	ck_assert_uint_eq(fake_audit(AUDIT_auth_fail), 1);
	ck_assert(!f.disconnected);
	ck_assert(try_key(mine, false));
	key_private_free(other);
	end();
}
END_TEST

START_TEST(the_same_key_does_not_count_twice)
{
	struct key_private *other;
	char path[256], *a, *b, both[4096];

	set_up();
	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &other), 0);
	a = line_of(mine, NULL);
	b = line_of(other, NULL);
	snprintf(both, sizeof(both), "%s%s", a, b);
	snprintf(path, sizeof(path), "%s/.ssh/authorized_keys", home);
	write_file(path, both, USER_ID);
	start("", "\"publickey,publickey\"");
	ck_assert(try_key(mine, false));
	ck_assert(!f.logged_in);
	ck_assert_int_eq(query_key(mine), MSG_auth_verdict);
	ck_assert(!try_key(mine, false));
	ck_assert_int_eq(query_key(other), MSG_auth_key_ok);
	ck_assert(try_key(other, false));
	ck_assert(f.logged_in);
	free(a);
	free(b);
	key_private_free(other);
	end();
}
END_TEST

/* Options of the line: does the key let in? */
static const struct {
	const char *options;
	bool in;
} lines[] = {
    {"from=\"192.0.2.0/24\"", true},
    {"from=\"192.0.2.7\"", true},
    {"from=\"10.0.0.0/8\"", false},
    {"from=\"!192.0.2.7,192.0.2.0/24\"", false},
    {"from=\"*.example.org\"", false},
    {"expiry-time=\"20990101\"", true},
    {"expiry-time=\"20200101\"", false},
    {"restrict,pty", true},
    {"cert-authority", false},
    {"no-such-option", false},
    {"command=\"unfinished", false},
    {"verify-required", false},
    {"environment=\"A=b\",permitopen=\"host:80\"", true},
};

START_TEST(options_of_the_line_are_obeyed)
{
	set_up();
	authorize(lines[_i].options);
	start("", "\"publickey\"");
	ck_assert_int_eq(query_key(mine) == MSG_auth_key_ok,
	    lines[_i].in || strcmp(lines[_i].options, "verify-required") == 0);
	ck_assert(try_key(mine, false) == lines[_i].in);
	end();
}
END_TEST

START_TEST(restrictions_tighten_the_decision)
{
	set_up();
	authorize("command=\"/bin/date\",no-pty,permitopen=\"db:5432\"");
	start("", "\"publickey\"");
	ck_assert(try_key(mine, false));
	ck_assert_str_eq(f.m.decision->grants.command, "/bin/date");
	ck_assert(!f.m.decision->grants.pty);
	ck_assert_int_eq(
	    policy_may_connect(f.m.decision, "db", 5432, NULL), POLICY_YES);
	ck_assert_int_eq(
	    policy_may_connect(f.m.decision, "web", 80, NULL), POLICY_NO);
	end();
}
END_TEST

/* Commands that make the files untrustworthy. */
static const char *const spoilers[] = {
    "chmod 0777 %s",
    "chmod 0777 %s/.ssh",
    "chmod 0666 %s/.ssh/authorized_keys",
    "chown 1:1 %s/.ssh/authorized_keys",
    "chown 1:1 %s/.ssh",
};

START_TEST(bad_owners_and_modes_refuse_and_say_which)
{
	set_up();
	authorize(NULL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	sh(spoilers[_i], home);
#pragma GCC diagnostic pop
	start("", "\"publickey\"");
	ck_assert(!try_key(mine, false));
	ck_assert_uint_eq(fake_audit(AUDIT_keyfile_refused), 1);
	ck_assert_ptr_nonnull(
	    strstr(f.m.auth->attempt.reason, "bad ownership or modes for"));
	end();
}
END_TEST

START_TEST(a_signature_for_another_host_is_refused)
{
	struct key_private *host, *evil;
	struct buf ours, theirs;
	struct blob b;
	const uint8_t *blob;
	size_t len;

	set_up();
	authorize(NULL);
	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &host), 0);
	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &evil), 0);
	start("", "\"publickey\"");
	buf_init(&ours, 4096);
	buf_init(&theirs, 4096);
	blob = key_blob(key_private_public(host), &len);
	buf_bytes(&ours, blob, len);
	f.t.host_keys[0].public_key = (struct bytes){ours.data, ours.len};
	f.t.n_host_keys = 1;
	f.offer.n_keys = 1;
	blob = key_blob(key_private_public(evil), &len);
	buf_bytes(&theirs, blob, len);
	blob = key_blob(key_private_public(mine), &len);
	sign(&b, mine, "ssh-ed25519", blob, len, &theirs, false);
	fake_publickey(&f, USER, "ssh-ed25519", &b.key, &b.signature, &theirs);
	ck_assert(!f.logged_in);
	free_blob(&b);
	sign(&b, mine, "ssh-ed25519", blob, len, &ours, false);
	fake_publickey(&f, USER, "ssh-ed25519", &b.key, &b.signature, &ours);
	ck_assert(f.logged_in);
	free_blob(&b);
	buf_free(&ours);
	buf_free(&theirs);
	key_private_free(host);
	key_private_free(evil);
	end();
}
END_TEST

START_TEST(a_command_prints_keys_and_is_cached)
{
	char options[1024], path[256], *line;

	set_up();
	line = line_of(mine, NULL);
	snprintf(path, sizeof(path), "%s/keys", work);
	write_file(path, line, 0);
	snprintf(path, sizeof(path), "%s/command", work);
	snprintf(options, sizeof(options),
	    "#!/bin/sh\n[ \"$1\" = " USER
	    " ] && [ \"$2\" = %d ] || exit 1\ncat %s/keys\n",
	    USER_ID, work);
	write_file(path, options, 0);
	chmod(path, 0755);
	snprintf(options, sizeof(options),
	    "sources = [ \"dir\" ]; dir = {"
	    " command = [ \"%s\", \"%%u\", \"%%U\" ]; user = \"daemon\";"
	    " cache = \"1h\"; };",
	    path);
	start(options, "\"publickey\"");
	ck_assert_int_eq(query_key(mine), MSG_auth_key_ok);
	unlink(path); /* what follows can only come from the cache */
	ck_assert(try_key(mine, false));
	free(line);
	end();
}
END_TEST

START_TEST(a_source_that_fails_is_skipped_or_refuses)
{
	char options[1024];

	set_up();
	authorize(NULL);
	snprintf(options, sizeof(options),
	    "sources = [ \"dir\", \"user\" ];"
	    " dir = { command = \"/bin/false\"; user = \"daemon\";"
	    " on_error = \"%s\"; };",
	    _i == 0 ? "skip" : "refuse");
	start(options, "\"publickey\"");
	ck_assert(try_key(mine, false) == (_i == 0));
	ck_assert_uint_eq(fake_audit(AUDIT_keysource_error), 1);
	end();
}
END_TEST

/* ---- a FIDO authenticator in software ----------------------------------- */

static EVP_PKEY *authenticator;

static void
sk_blob(struct buf *b)
{
	uint8_t raw[32];
	size_t len = sizeof(raw);

	buf_init(b, 4096);
	EVP_PKEY_get_raw_public_key(authenticator, raw, &len);
	buf_text(b, "sk-ssh-ed25519@openssh.com");
	buf_string(b, raw, len);
	buf_text(b, "ssh:");
}

static void
sk_sign(struct buf *signature, const struct buf *data, uint8_t flags)
{
	uint8_t hash[32], sig[64];
	size_t len = sizeof(sig);
	struct buf message;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	buf_init(&message, 4096);
	buf_init(signature, 4096);
	buf_bytes(&message, SHA256((const uint8_t *)"ssh:", 4, hash), 32);
	buf_u8(&message, flags);
	buf_u32(&message, 7);
	buf_bytes(&message, SHA256(data->data, data->len, hash), 32);
	ck_assert_int_eq(
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, authenticator), 1);
	ck_assert_int_eq(
	    EVP_DigestSign(ctx, sig, &len, message.data, message.len), 1);
	EVP_MD_CTX_free(ctx);
	buf_text(signature, "sk-ssh-ed25519@openssh.com");
	buf_string(signature, sig, len);
	buf_u8(signature, flags);
	buf_u32(signature, 7);
	buf_free(&message);
}

/* Line options, flags that were signed; does it let in? */
static const struct {
	const char *options;
	uint8_t flags;
	bool in;
} touches[] = {
    {NULL, 0x01, true},
    {NULL, 0x00, false},
    {NULL, 0x04, false},
    {"no-touch-required", 0x00, true},
    {"verify-required", 0x01, false},
    {"verify-required", 0x05, true},
    {"verify-required,no-touch-required", 0x04, true},
};

START_TEST(an_authenticator_must_be_touched_or_asked_for_a_pin)
{
	struct buf blob, data, signature, text;
	struct key *key;
	char path[256], *line;

	set_up();
	authenticator = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	sk_blob(&blob);
	ck_assert_int_eq(key_parse(blob.data, blob.len, &key), 0);
	buf_init(&text, 4096);
	key_write_line(key, "", &text);
	line = mem_printf("%s %.*s\n",
	    touches[_i].options == NULL ? "" : touches[_i].options,
	    (int)text.len, (const char *)text.data);
	snprintf(path, sizeof(path), "%s/.ssh/authorized_keys", home);
	write_file(path, line, USER_ID);
	start("", "\"publickey\"");
	buf_init(&data, 4096);
	buf_string(&data, f.m.session_id, f.m.session_id_len);
	buf_u8(&data, SSH_MSG_USERAUTH_REQUEST);
	buf_text(&data, USER);
	buf_text(&data, "ssh-connection");
	buf_text(&data, "publickey");
	buf_bool(&data, true);
	buf_text(&data, "sk-ssh-ed25519@openssh.com");
	buf_string(&data, blob.data, blob.len);
	sk_sign(&signature, &data, touches[_i].flags);
	fake_publickey(
	    &f, USER, "sk-ssh-ed25519@openssh.com", &blob, &signature, NULL);
	ck_assert_msg(
	    f.logged_in == touches[_i].in, "%s", f.m.auth->attempt.reason);
	key_free(key);
	free(line);
	buf_free(&blob);
	buf_free(&data);
	buf_free(&signature);
	buf_free(&text);
	EVP_PKEY_free(authenticator);
	end();
}
END_TEST

Suite *
suite_publickey(void)
{
	Suite *s = suite_create("publickey");
	TCase *t;

	if (geteuid() != 0)
		return s;
	t = tcase_create("publickey");
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_key_in_the_file_lets_in_after_its_signature);
	tcase_add_test(t, another_key_is_refused_and_queries_are_not_counted);
	tcase_add_test(t, the_same_key_does_not_count_twice);
	tcase_add_loop_test(t, options_of_the_line_are_obeyed, 0,
	    (int)(sizeof(lines) / sizeof(lines[0])));
	tcase_add_test(t, restrictions_tighten_the_decision);
	tcase_add_loop_test(t, bad_owners_and_modes_refuse_and_say_which, 0,
	    (int)(sizeof(spoilers) / sizeof(spoilers[0])));
	tcase_add_test(t, a_signature_for_another_host_is_refused);
	tcase_add_test(t, a_command_prints_keys_and_is_cached);
	tcase_add_loop_test(t, a_source_that_fails_is_skipped_or_refuses, 0, 2);
	tcase_add_loop_test(t,
	    an_authenticator_must_be_touched_or_asked_for_a_pin, 0,
	    (int)(sizeof(touches) / sizeof(touches[0])));
	suite_add_tcase(s, t);
	return s;
}
