/*
 * publickey.so on real files of a real user, whom nobody else sees: each test
 * runs in a mount namespace of its own, over its own /etc/passwd.
 */
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define USER	"spt_modules_key"
#define USER_ID 64117

static struct fake f;
static char work[128], home[160];
static struct key_private *mine;
static EVP_PKEY *authenticator; /* a FIDO one, in software */

static void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void
sh(const char *format, ...)
{
	char command[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void
set_up(void)
{
	snprintf(work, sizeof(work), "%s/w", fake_modules());
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mkdir(work, 0755);
	ck_assert_int_eq(mount("tmpfs", work, "tmpfs", 0, "mode=755"), 0);
	snprintf(home, sizeof(home), "%s/home", work);
	sh("cp /etc/passwd %s/passwd && echo '" USER ":x:%d:%d::%s:/bin/sh' "
	   ">>%s/passwd",
	    work, USER_ID, USER_ID, home, work);
	sh("mount --bind %s/passwd /etc/passwd", work);
	sh("mkdir -p %s/.ssh && chown -R %d:%d %s && chmod 700 %s/.ssh", home,
	    USER_ID, USER_ID, home, home);
	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &mine), 0);
}

static void
start(const char *options, const char *methods)
{
	char text[8192];

	snprintf(text, sizeof(text),
	    "module_directory = \"%s\";\n"
	    "deadlines = { failure_delay = 1; };\n"
	    "records = { btmp = false; };\n"
	    "modules = ( { name = \"publickey\"; options = { %s }; } );\n"
	    "rules = ( { name = \"all\"; match = { user = \"" USER "\"; };"
	    " methods = [ %s ]; local_forward = [ \"*:*\" ]; key_touch = "
	    "false; } );\n",
	    fake_modules(), options, methods);
	fake_start(&f, text);
	strcpy(f.m.host_key_algorithm, "ssh-ed25519");
}

static void
end(void)
{
	fake_end(&f);
	key_private_free(mine);
	EVP_PKEY_free(authenticator);
}

/* The public half as authorized_keys has it. */
static char *
line_of(const struct key_private *key, const char *options)
{
	struct buf b;
	char *line;

	buf_init(&b, 65536);
	if (options != NULL) {
		buf_bytes(&b, options, strlen(options));
		buf_u8(&b, ' ');
	}
	key_write_line(key_private_public(key), "comment", &b);
	buf_u8(&b, '\n');
	line = mem_strndup((const char *)b.data, b.len);
	buf_free(&b);
	return line;
}

static void
write_file(const char *path, const char *text, uid_t owner)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chown(path, owner, owner), 0);
}

static void
authorize(const char *options)
{
	char path[256], *line = line_of(mine, options);

	snprintf(path, sizeof(path), "%s/.ssh/authorized_keys", home);
	write_file(path, line, USER_ID);
	free(line);
}

struct blob {
	struct buf key, signature;
};

/* Key and signature of a request; tampered: of another session. */
static void
sign(struct blob *b, const struct key_private *key, const char *algorithm,
    const uint8_t *blob, size_t blob_len, const struct buf *host_key,
    bool tampered)
{
	struct buf data;

	buf_init(&b->key, 65536);
	buf_init(&b->signature, 65536);
	buf_init(&data, 65536);
	buf_bytes(&b->key, blob, blob_len);
	buf_string(&data,
	    tampered ? (const uint8_t *)"session identifier of another!!" :
		       f.m.session_id,
	    31);
	buf_u8(&data, SSH_MSG_USERAUTH_REQUEST);
	buf_text(&data, USER);
	buf_text(&data, "ssh-connection");
	buf_text(&data,
	    host_key == NULL ? "publickey" :
			       "publickey-hostbound-v00@openssh.com");
	buf_bool(&data, true);
	buf_text(&data, algorithm);
	buf_string(&data, blob, blob_len);
	if (host_key != NULL)
		buf_string(&data, host_key->data, host_key->len);
	ck_assert_int_eq(
	    key_sign(key, key_alg_find(algorithm, strlen(algorithm)), data.data,
		data.len, &b->signature),
	    0);
	buf_free(&data);
}

static void
free_blob(struct blob *b)
{
	buf_free(&b->key);
	buf_free(&b->signature);
}

/* A whole attempt with our key; true when it was right. */
static bool
try_key(const struct key_private *key, bool tampered)
{
	struct blob b;
	size_t len;
	const uint8_t *blob = key_blob(key_private_public(key), &len);
	unsigned partial = fake_audit(AUDIT_auth_partial);

	sign(&b, key, "ssh-ed25519", blob, len, NULL, tampered);
	fake_publickey(&f, USER, "ssh-ed25519", &b.key, &b.signature, NULL);
	free_blob(&b);
	return f.logged_in || fake_audit(AUDIT_auth_partial) > partial;
}

static enum wall_type
query_key(const struct key_private *key)
{
	struct buf b;
	size_t len;
	const uint8_t *blob = key_blob(key_private_public(key), &len);
	enum wall_type answer;

	buf_init(&b, 65536);
	buf_bytes(&b, blob, len);
	answer = fake_publickey(&f, USER, "ssh-ed25519", &b, NULL, NULL)->type;
	buf_free(&b);
	return answer;
}

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
	ck_assert_str_eq(f.slot.key, f.m.auth->last_key.fingerprint);
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

/* What makes the files untrustworthy. */
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

/* ---- certificates ------------------------------------------------------- */

static struct key_private *
read_key(const char *path)
{
	struct key_private *key;
	char text[16384];
	size_t len;
	FILE *file = fopen(path, "r");

	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	ck_assert_int_eq(key_private_parse(text, len, &key), 0);
	return key;
}

#define BOTH                                                                  \
	"ca_keys = [ \"%s/ca.pub\" ]; principals = { file = "                 \
	"\"%%h/.ssh/principals\"; command = [ \"/bin/echo\", \"printed\" ]; " \
	"user = \"daemon\"; };"

/* Arguments of ssh-keygen for the certificate; settings; does it let in? */
static const struct {
	const char *keygen, *options, *line, *principals;
	bool in;
} certs[] = {
    {"-n " USER, "ca_keys = [ \"%s/ca.pub\" ];", NULL, NULL, true},
    {"-n other", "ca_keys = [ \"%s/ca.pub\" ];", NULL, NULL, false},
    {"-h -n " USER, "ca_keys = [ \"%s/ca.pub\" ];", NULL, NULL, false},
    {"", "ca_keys = [ \"%s/ca.pub\" ];", NULL, NULL, false},
    {"-n " USER " -V 20200101:20200102", "ca_keys = [ \"%s/ca.pub\" ];", NULL,
	NULL, false},
    {"-n " USER " -V -1h:+10h",
	"ca_keys = [ \"%s/ca.pub\" ]; max_lifetime = \"12h\";", NULL, NULL,
	true},
    {"-n " USER " -V -1h:+20h",
	"ca_keys = [ \"%s/ca.pub\" ]; max_lifetime = \"12h\";", NULL, NULL,
	false},
    {"-n " USER, "ca_keys = [ \"%s/other.pub\" ];", NULL, NULL, false},
    {"-n " USER " -O source-address=192.0.2.0/24",
	"ca_keys = [ \"%s/ca.pub\" ];", NULL, NULL, true},
    {"-n " USER " -O source-address=10.0.0.0/8", "ca_keys = [ \"%s/ca.pub\" ];",
	NULL, NULL, false},
    {"-n " USER " -O critical:nobody@knows=x", "ca_keys = [ \"%s/ca.pub\" ];",
	NULL, NULL, false},
    /* principals */
    {"-n role",
	"ca_keys = [ \"%s/ca.pub\" ]; principals = { file = "
	"\"%%h/.ssh/principals\"; };",
	NULL, "nothing\nrole\n", true},
    {"-n role",
	"ca_keys = [ \"%s/ca.pub\" ]; principals = { file = "
	"\"%%h/.ssh/principals\"; };",
	NULL, "nothing\n", false},
    {"-n " USER,
	"ca_keys = [ \"%s/ca.pub\" ]; principals = { file = "
	"\"%%h/.ssh/principals\"; };",
	NULL, "role\n", false},
    {"-n role",
	"ca_keys = [ \"%s/ca.pub\" ]; principals = { file = "
	"\"%%h/.ssh/principals\"; };",
	NULL, "from=\"10.0.0.1\" role\n", false},
    {"-n role",
	"ca_keys = [ \"%s/ca.pub\" ]; principals = { command = ["
	" \"/bin/echo\", \"role\" ]; user = \"daemon\"; };",
	NULL, NULL, true},
    /* files, then the command */
    {"-n role", BOTH, NULL, "role\n", true},
    {"-n printed", BOTH, NULL, "role\n", true},
    {"-n printed", BOTH, NULL, NULL, true},
    {"-n other", BOTH, NULL, "role\n", false},
    {"-n " USER, BOTH, NULL, "role\n", false},
    /* authorized_keys */
    {"-n " USER, "", "cert-authority", NULL, true},
    {"-n role", "", "cert-authority,principals=\"a,role\"", NULL, true},
    {"-n role", "", "cert-authority,principals=\"a,rol\"", NULL, false},
    {"-n " USER, "", NULL, NULL, false},
    {"-n " USER, "", "cert-authority,from=\"10.0.0.1\"", NULL, false},
    {"-n " USER " -O force-command=/bin/a", "",
	"cert-authority,command=\"/bin/b\"", NULL, false},
};

static const char *cert_name = "ssh-ed25519-cert-v01@openssh.com";

static bool
try_cert(void)
{
	char path[256], text[8192], name[64];
	struct key_private *key;
	struct key *cert;
	struct blob b;
	const uint8_t *blob;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/id", work);
	key = read_key(path);
	snprintf(path, sizeof(path), "%s/id-cert.pub", work);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	ck_assert_int_eq(key_parse_line(text, len, &cert, NULL, NULL), 0);
	blob = key_blob(cert, &len);
	snprintf(name, sizeof(name), "%s", cert_name);
	sign(&b, key, name, blob, len, NULL, false);
	fake_publickey(&f, USER, name, &b.key, &b.signature, NULL);
	free_blob(&b);
	key_free(cert);
	key_private_free(key);
	return f.logged_in;
}

static void
make_cert(const char *keygen)
{
	sh("cd %s && for k in ca other id; do "
	   "ssh-keygen -q -t ed25519 -N '' -f $k; done; "
	   "ssh-keygen -q -s ca -I 'an id' -z 42 %s id.pub",
	    work, keygen);
}

START_TEST(certificates_are_believed_when_they_should_be)
{
	char options[1024], path[256];

	set_up();
	make_cert(certs[_i].keygen);
	if (certs[_i].line != NULL)
		sh("(printf '%%s ' '%s'; cat %s/ca.pub) "
		   ">%s/.ssh/authorized_keys",
		    certs[_i].line, work, home);
	snprintf(path, sizeof(path), "%s/.ssh/principals", home);
	if (certs[_i].principals != NULL)
		write_file(path, certs[_i].principals, USER_ID);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(options, sizeof(options), certs[_i].options, work);
#pragma GCC diagnostic pop
	start(options, "\"publickey\"");
	ck_assert(try_cert() == certs[_i].in);
	if (certs[_i].in) {
		ck_assert_uint_eq(fake_audit(AUDIT_cert_accepted), 1);
		ck_assert_uint_eq(f.m.auth->last_key.serial, 42);
		ck_assert_str_eq(f.m.auth->last_key.key_id, "an id");
	}
	end();
}
END_TEST

/* ---- revocation --------------------------------------------------------- */

/* How the list is made from our key; does the key still let in? */
static const struct {
	const char *make;
	bool in;
} revocations[] = {
    {"ssh-keygen -q -kf list other.pub", true},
    {"ssh-keygen -q -kf list id.pub", false},
    {"cat other.pub >list", true},
    {"cat other.pub id.pub >list", false},
    {": >list", true},
    {"echo garbage >list", false},
    {"ssh-keygen -q -kf list other.pub; truncate -s -1 list", false},
    {"true", false}, /* configured, and not there */
    {"ssh-keygen -q -kf list other.pub; touch -d '3 days ago' list", false},
    {"ssh-keygen -q -kf list other.pub; chmod 666 list", false},
};

START_TEST(revoked_keys_and_unusable_lists_refuse)
{
	char options[512], path[256];

	set_up();
	make_cert("-n x");
	snprintf(path, sizeof(path), "%s/id", work);
	key_private_free(mine);
	mine = read_key(path);
	authorize(NULL);
	sh("cd %s; %s", work, revocations[_i].make);
	snprintf(options, sizeof(options),
	    "revoked = [ \"%s/list\" ]; "
	    "revoked_max_age = \"2d\";",
	    work);
	start(options, "\"publickey\"");
	ck_assert_int_eq(
	    query_key(mine) == MSG_auth_key_ok, revocations[_i].in);
	ck_assert(try_key(mine, false) == revocations[_i].in);
	end();
}
END_TEST

START_TEST(a_list_that_is_replaced_is_read_again)
{
	char options[512], path[256];

	set_up();
	make_cert("-n " USER);
	snprintf(path, sizeof(path), "%s/id", work);
	key_private_free(mine);
	mine = read_key(path);
	authorize(NULL);
	sh("cd %s && ssh-keygen -q -kf list other.pub", work);
	snprintf(options, sizeof(options),
	    "revoked = [ \"%s/list\" ]; "
	    "ca_keys = [ \"%s/ca.pub\" ];",
	    work, work);
	start(options, "\"publickey\"");
	ck_assert_int_eq(query_key(mine), MSG_auth_key_ok);
	sh("cd %s && ssh-keygen -q -kf new id.pub && mv new list", work);
	ck_assert_int_eq(query_key(mine), MSG_auth_verdict);
	/* A certificate by its serial. */
	sh("cd %s && echo 'serial: 42' >spec && ssh-keygen -q -kf new -s ca "
	   "spec && mv new list",
	    work);
	ck_assert_int_eq(query_key(mine), MSG_auth_key_ok);
	ck_assert(!try_cert());
	ck_assert_uint_ge(fake_audit(AUDIT_cert_revoked), 2);
	end();
}
END_TEST

/* ---- a FIDO authenticator in software ----------------------------------- */

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
	tcase_add_loop_test(t, certificates_are_believed_when_they_should_be, 0,
	    (int)(sizeof(certs) / sizeof(certs[0])));
	tcase_add_loop_test(t, revoked_keys_and_unusable_lists_refuse, 0,
	    (int)(sizeof(revocations) / sizeof(revocations[0])));
	tcase_add_test(t, a_list_that_is_replaced_is_read_again);
	tcase_add_loop_test(t,
	    an_authenticator_must_be_touched_or_asked_for_a_pin, 0,
	    (int)(sizeof(touches) / sizeof(touches[0])));
	suite_add_tcase(s, t);
	return s;
}
