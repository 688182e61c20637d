/*
 * shared/reference/compliance.md, walked: what the CIS and STIG lists ask is
 * what the shipped file gives, by itself or with the documented drop-in.
 */
#include "config/policy/forward.h"
#include "lib/mem.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

enum profile { SHIPPED, CIS, STIG };

/* The decisions for three logins under a profile. */
struct probe {
	const struct config *config;
	struct decision member;
	struct decision stranger; /* not in the access group */
	struct decision root;
};

static const char *const drop_ins[] = {NULL, "cis.conf", "stig.conf"};

static struct config *
profile_config(enum profile profile)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;
	char *path, *text;

	if (drop_ins[profile] != NULL) {
		path = mem_printf(
		    SOURCE_DIR "/config/examples/%s", drop_ins[profile]);
		text = file_text(path);
		config_bundle_add(&bundle, path, text, strlen(text));
		free(text);
		free(path);
	}
	text = file_text(SOURCE_DIR "/config/sallyport.conf");
	config_bundle_add(&bundle, "sallyport.conf", text, strlen(text));
	free(text);
	ck_assert_int_eq(config_load(&bundle, &config, &problems), 0);
	config_bundle_free(&bundle);
	problems_free(&problems);
	return config;
}

static void
probe_login(const struct config *config, struct decision *d, const char *user,
    uid_t uid, const char *const *groups)
{
	static const char *const by_key[] = {"publickey"};
	struct policy_facts facts = facts_of_alice();

	facts.user = user;
	facts.uid = uid;
	facts.groups = groups;
	facts.group_count = 1;
	facts.methods = by_key;
	facts.method_count = 1;
	facts.key_state = FACT_KNOWN;
	facts.key_type = "ssh-ed25519";
	facts.key_source = "user";
	decision_init(d);
	policy_decide(config, &facts, d);
	policy_guard(config, &facts, d);
}

static bool
has(const struct strings *list, const char *part)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (strstr(list->items[i], part) != NULL)
			return true;
	}
	return false;
}

static bool
has_chain(const struct decision *d, const char *method)
{
	size_t i;

	for (i = 0; i < d->chains.count; i++) {
		if (strstr(d->chains.items[i].text, method) != NULL)
			return true;
	}
	return false;
}

/* ---- a requirement, a function ---- */

static bool
access_list(const struct probe *p)
{
	return p->member.verdict == POLICY_GRANTED &&
	    p->stranger.verdict == POLICY_REFUSED;
}

static bool
banner(const struct probe *p)
{
	return p->member.grants.banner != NULL &&
	    strcmp(p->member.grants.banner, "/etc/issue.net") == 0;
}

static bool
ciphers_cis(const struct probe *p)
{
	return !has(&p->config->crypto.ciphers, "cbc") &&
	    !has(&p->config->crypto.ciphers, "3des") &&
	    !has(&p->config->crypto.ciphers, "chacha20");
}

static bool
ciphers_stig(const struct probe *p)
{
	static const char *const wanted[] = {"aes256-gcm@openssh.com",
	    "aes256-ctr", "aes128-gcm@openssh.com", "aes128-ctr"};
	const struct strings *got = &p->config->crypto.ciphers;
	size_t i;

	for (i = 0; i < 4 && got->count == 4; i++) {
		if (strcmp(got->items[i], wanted[i]) != 0)
			return false;
	}
	return got->count == 4;
}

static bool
macs(const struct probe *p)
{
	size_t i;

	for (i = 0; i < p->config->crypto.macs.count; i++) {
		if (strncmp(p->config->crypto.macs.items[i], "hmac-sha2-", 10))
			return false;
	}
	return i > 0;
}

static bool
kex_cis(const struct probe *p)
{
	return !has(&p->config->crypto.kex, "sha1") &&
	    !has(&p->config->crypto.kex, "group1-") &&
	    !has(&p->config->crypto.kex, "group-exchange");
}

static bool
kex_stig(const struct probe *p)
{
	const struct strings *kex = &p->config->crypto.kex;
	size_t i;

	for (i = 0; i < kex->count; i++) {
		if (strncmp(kex->items[i], "ecdh-sha2-nistp", 15) != 0 &&
		    strcmp(kex->items[i],
			"diffie-hellman-group-exchange-sha256") != 0)
			return false;
	}
	return i > 0;
}

static bool
idle_cis(const struct probe *p)
{
	return p->member.grants.keepalive_interval <= 300 &&
	    p->member.grants.keepalive_count <= 3 &&
	    p->member.grants.idle_timeout <= 900;
}

static bool
idle_stig(const struct probe *p)
{
	return p->member.grants.keepalive_interval <= 600 &&
	    p->member.grants.keepalive_count == 1 &&
	    p->member.grants.idle_timeout <= 600;
}

static bool
no_forwarding(const struct probe *p)
{
	const struct decision *d = &p->member;

	return policy_may_connect(d, "localhost", 22, NULL) == POLICY_NO &&
	    !may_listen(d, "localhost", 8080) &&
	    !policy_may_unix_connect(d, "/run/x") &&
	    !policy_may_unix_listen(d, "/tmp/x") && !d->grants.agent &&
	    !d->grants.x11 && d->grants.tun == TUN_NO;
}

static bool
no_gssapi(const struct probe *p)
{
	return !has_chain(&p->member, "gssapi");
}

static bool
no_hostbased(const struct probe *p)
{
	return !has_chain(&p->member, "hostbased");
}

static bool
login_grace(const struct probe *p)
{
	return p->config->limits.login_grace <= 60;
}

static bool
level_verbose(const struct probe *p)
{
	return (int)p->config->log.level == LOG_LEVEL_VERBOSE;
}

static bool
max_auth_tries(const struct probe *p)
{
	return p->member.grants.max_auth_tries <= 4;
}

static bool
max_sessions(const struct probe *p)
{
	return p->member.grants.max_sessions <= 10;
}

static bool
max_startups(const struct probe *p)
{
	return p->config->limits.startups.begin <= 10 &&
	    p->config->limits.startups.rate >= 30 &&
	    p->config->limits.startups.full <= 60;
}

static bool
no_root(const struct probe *p)
{
	return p->root.verdict == POLICY_REFUSED;
}

static bool
no_root_password(const struct probe *p)
{
	return !has_chain(&p->root, "password");
}

static bool
pam_is_there(const struct probe *p)
{
	return strcmp(p->config->modules[0].name, "pam") == 0;
}

static bool
public_keys(const struct probe *p)
{
	return has_chain(&p->member, "publickey");
}

static bool
rekey(const struct probe *p)
{
	return p->config->crypto.rekey_bytes <= 1ULL << 30 &&
	    p->config->crypto.rekey_seconds <= 3600;
}

static bool
no_x11(const struct probe *p)
{
	return !p->member.grants.x11;
}

static bool
last_login(const struct probe *p)
{
	return p->config->records.last_login == OWNER_SERVER;
}

static bool
no_compression(const struct probe *p)
{
	return p->config->crypto.compression.count == 1 &&
	    strcmp(p->config->crypto.compression.items[0], "none") == 0;
}

static bool
no_user_environment(const struct probe *p)
{
	return !policy_may_env(&p->member, "LD_PRELOAD") &&
	    !policy_may_env(&p->member, "PATH");
}

struct requirement {
	const char *ids;
	enum profile profile;
	bool (*holds)(const struct probe *);
};

static const struct requirement requirements[] = {
    {"CIS 5.1.4", CIS, access_list},
    {"CIS 5.1.5", CIS, banner},
    {"RHEL-09-255025, UBTU-24-200640", STIG, banner},
    {"CIS 5.1.6, RHEL 9 1.6.6", CIS, ciphers_cis},
    {"RHEL-09-255065, UBTU-24-100820", STIG, ciphers_stig},
    {"CIS 5.1.15", CIS, macs},
    {"RHEL-09-255075, UBTU-24-100830", STIG, macs},
    {"CIS 5.1.12", CIS, kex_cis},
    {"UBTU-24-100840", STIG, kex_stig},
    {"CIS 5.1.7", CIS, idle_cis},
    {"RHEL-09-255095/255100, UBTU-24-600000", STIG, idle_stig},
    {"CIS 5.1.8", CIS, no_forwarding},
    {"CIS 5.1.9", SHIPPED, no_gssapi},
    {"RHEL-09-255135", STIG, no_gssapi},
    {"CIS 5.1.10", SHIPPED, no_hostbased},
    {"RHEL-09-255080", STIG, no_hostbased},
    {"CIS 5.1.13", SHIPPED, login_grace},
    {"CIS 5.1.14, RHEL-09-255030", SHIPPED, level_verbose},
    {"CIS 5.1.16", SHIPPED, max_auth_tries},
    {"CIS 5.1.17", SHIPPED, max_sessions},
    {"CIS 5.1.18", SHIPPED, max_startups},
    {"CIS 5.1.20", CIS, no_root},
    {"RHEL-09-255045", STIG, no_root},
    {"root has no password login", SHIPPED, no_root_password},
    {"CIS 5.1.21, RHEL-09-255085", SHIPPED, no_user_environment},
    {"CIS 5.1.22, RHEL-09-255050", SHIPPED, pam_is_there},
    {"RHEL-09-255035", SHIPPED, public_keys},
    {"RHEL-09-255035", STIG, public_keys},
    {"RHEL-09-255090", SHIPPED, rekey},
    {"RHEL-09-255155, UBTU-24-300022", SHIPPED, no_x11},
    {"RHEL-09-255165", SHIPPED, last_login},
    {"sshd_disable_compression", CIS, no_compression},
    {"sshd_disable_compression", STIG, no_compression},
};

START_TEST(a_requirement_holds_under_its_profile)
{
	static const char *const members[] = {"sallyport-users"};
	static const char *const others[] = {"others"};
	const struct requirement *r = &requirements[_i];
	struct config *config = profile_config(r->profile);
	struct probe *p = mem_zalloc(sizeof(*p));

	p->config = config;
	probe_login(config, &p->member, "alice", 1000, members);
	probe_login(config, &p->stranger, "bob", 1001, others);
	probe_login(config, &p->root, "root", 0, members);
	ck_assert_int_eq(p->member.verdict, POLICY_GRANTED);
	ck_assert_msg(r->holds(p), "%s", r->ids);
	decision_free(&p->member);
	decision_free(&p->stranger);
	decision_free(&p->root);
	free(p);
	config_free(config);
}
END_TEST

START_TEST(without_the_drop_in_people_find_what_they_know)
{
	static const char *const others[] = {"others"};
	struct config *config = profile_config(SHIPPED);
	struct decision d;

	probe_login(config, &d, "bob", 1001, others);
	ck_assert_int_eq(d.verdict, POLICY_GRANTED);
	ck_assert_int_eq(policy_may_connect(&d, "db", 5432, NULL), POLICY_YES);
	ck_assert(d.grants.agent);
	decision_free(&d);
	probe_login(config, &d, "root", 0, others);
	ck_assert_int_eq(d.verdict, POLICY_GRANTED);
	decision_free(&d);
	config_free(config);
}
END_TEST

Suite *
suite_compliance(void)
{
	Suite *suite = suite_create("compliance");
	TCase *tc = tcase_create("compliance");

	tcase_add_loop_test(tc, a_requirement_holds_under_its_profile, 0,
	    (int)(sizeof(requirements) / sizeof(requirements[0])));
	tcase_add_test(tc, without_the_drop_in_people_find_what_they_know);
	suite_add_tcase(suite, tc);
	return suite;
}
