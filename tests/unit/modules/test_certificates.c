/*
 * publickey.so and certificates that ssh-keygen makes; what is revoked.
 */
#include "tests/unit/modules/key_login.h"
#include "tests/unit/modules/suites.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
		ck_assert_uint_eq(f.m.auth->last_key.key_facts.serial, 42);
		ck_assert_str_eq(f.m.auth->last_key.key_facts.id, "an id");
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

Suite *
suite_certificates(void)
{
	Suite *s = suite_create("certificates");
	TCase *t;

	if (geteuid() != 0)
		return s;
	t = tcase_create("certificates");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, certificates_are_believed_when_they_should_be, 0,
	    (int)(sizeof(certs) / sizeof(certs[0])));
	tcase_add_loop_test(t, revoked_keys_and_unusable_lists_refuse, 0,
	    (int)(sizeof(revocations) / sizeof(revocations[0])));
	tcase_add_test(t, a_list_that_is_replaced_is_read_again);
	suite_add_tcase(s, t);
	return s;
}
