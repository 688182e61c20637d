/*
 * known_hosts: plain and hashed names, patterns, ports, CAs, revocation.
 */
#include "lib/mem.h"
#include "lib/ssh/known_hosts.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *file;
	const char *name;
	unsigned port;
	const char *key;
	enum known_hosts_answer answer;
	unsigned line;
} rows[] = {
    {"known_hosts", "plain.example.org", 22, "ed25519.pub", KNOWN_HOSTS_KEY, 2},
    {"known_hosts", "192.0.2.7", 0, "ed25519.pub", KNOWN_HOSTS_KEY, 2},
    {"known_hosts", "PLAIN.example.org", 22, "ed25519.pub", KNOWN_HOSTS_KEY, 2},
    {"known_hosts", "plain.example.org", 22, "ecdsa256.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts", "plain.example.org", 2222, "ed25519.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts", "plain.example.or", 22, "ed25519.pub", KNOWN_HOSTS_UNKNOWN,
	0},
    {"known_hosts", "plain.example.org", 22, "user-cert.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts", "port.example.org", 2222, "ecdsa256.pub", KNOWN_HOSTS_KEY,
	3},
    {"known_hosts", "port.example.org", 22, "ecdsa256.pub", KNOWN_HOSTS_UNKNOWN,
	0},
    {"known_hosts", "a.wild.example.org", 22, "ecdsa384.pub", KNOWN_HOSTS_KEY,
	4},
    {"known_hosts", "not.wild.example.org", 22, "ecdsa384.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts", "x.ca.example.org", 22, "host-cert.pub", KNOWN_HOSTS_CA, 5},
    {"known_hosts", "x.ca.example.org", 22, "host_rsa-cert.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts", "x.ca.example.org", 22, "ca_ed25519.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts", "x.ca.example.org", 22, "ed25519.pub", KNOWN_HOSTS_UNKNOWN,
	0},
    {"known_hosts", "old.example.org", 22, "other.pub", KNOWN_HOSTS_REVOKED, 6},
    {"known_hosts", "", 22, "ed25519.pub", KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts", "#", 22, "ed25519.pub", KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts.hashed", "hashed.example.org", 22, "ed25519.pub",
	KNOWN_HOSTS_KEY, 1},
    {"known_hosts.hashed", "hashed.example.org", 2222, "ecdsa256.pub",
	KNOWN_HOSTS_KEY, 2},
    {"known_hosts.hashed", "hashed.example.org", 22, "ecdsa256.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
    {"known_hosts.hashed", "hashed.example.com", 22, "ed25519.pub",
	KNOWN_HOSTS_UNKNOWN, 0},
};

START_TEST(a_host_has_the_keys_of_its_lines)
{
	size_t len;
	char *file = data_read(rows[_i].file, &len);
	struct key *key = data_key(rows[_i].key);
	unsigned line = 99;

	ck_assert_int_eq(known_hosts_find(file, len, rows[_i].name,
			     rows[_i].port, key, &line),
	    rows[_i].answer);
	ck_assert_uint_eq(line, rows[_i].line);
	key_free(key);
	free(file);
}
END_TEST

/* %s is where "type base64" of the key stands. */
static const struct {
	const char *text;
	enum known_hosts_answer answer;
} lines[] = {
    {"h %s", KNOWN_HOSTS_KEY},
    {"  h\t%s\r\n", KNOWN_HOSTS_KEY},
    {"h", KNOWN_HOSTS_UNKNOWN},
    {"h %sx", KNOWN_HOSTS_UNKNOWN},
    {"h,! %s", KNOWN_HOSTS_UNKNOWN},
    {"@nonsense h %s", KNOWN_HOSTS_UNKNOWN},
    {"@revoked", KNOWN_HOSTS_REVOKED},
    {"@revoked h", KNOWN_HOSTS_REVOKED},
    {"@revoked other", KNOWN_HOSTS_UNKNOWN},
    {"@revoked h ssh-dss AAAAB3NzaC1kc3M=\nh %s", KNOWN_HOSTS_KEY},
    {"h %s\n@revoked h ssh-ed25519 AAAA", KNOWN_HOSTS_REVOKED},
    {"h %s\n@revoked h,! ssh-ed25519 AAAA", KNOWN_HOSTS_REVOKED},
    {"@revoked |1|broken|hash ssh-ed25519 AAAA", KNOWN_HOSTS_REVOKED},
    {"|1| %s", KNOWN_HOSTS_UNKNOWN},
    {"|1|AAAA|AAAA %s", KNOWN_HOSTS_UNKNOWN},
    {"#h %s", KNOWN_HOSTS_UNKNOWN},
    {"\n\n\nnonsense\nh %s", KNOWN_HOSTS_KEY},
};

START_TEST(broken_lines_count_for_nothing_unless_they_revoke)
{
	size_t len, comment;
	char *public = data_read("ecdsa521.pub", &len), *text;
	struct key *key = data_key("ecdsa521.pub");
	const char *at = strstr(lines[_i].text, "%s");

	comment = (size_t)(strrchr(public, ' ') - public);
	public[comment] = '\0';
	text = at == NULL ? mem_strdup(lines[_i].text) :
			    mem_printf("%.*s%s%s", (int)(at - lines[_i].text),
				lines[_i].text, public, &at[2]);
	ck_assert_msg(known_hosts_find(text, strlen(text), "h", 22, key,
			  NULL) == lines[_i].answer,
	    "%s", lines[_i].text);
	/* Every cut length: read under the sanitizers, never a crash. */
	for (size_t cut = 0; cut < strlen(text); cut++) {
		char *copy = malloc(cut + 1);

		memcpy(copy, text, cut);
		(void)known_hosts_find(copy, cut, "h", 22, key, NULL);
		free(copy);
	}
	key_free(key);
	free(text);
	free(public);
}
END_TEST

Suite *
suite_known_hosts(void)
{
	Suite *s = suite_create("known_hosts");
	TCase *t = tcase_create("known_hosts");

	tcase_add_loop_test(t, a_host_has_the_keys_of_its_lines, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(t,
	    broken_lines_count_for_nothing_unless_they_revoke, 0,
	    (int)(sizeof(lines) / sizeof(lines[0])));
	suite_add_tcase(s, t);
	return s;
}
