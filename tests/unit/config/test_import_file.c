/*
 * config/import*.c over whole files: includes, host keys, what only the loader
 * refuses, and growth.
 */
#include "lib/mem.h"
#include "tests/unit/config/imported.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

START_TEST(includes_follow_globs_and_keep_their_match_to_themselves)
{
	char *one, *two, *text, *got, *report;

	imported_begin();
	one = imported_put("10.conf", "Match User a\nPermitTTY no\n");
	two = imported_put("20.conf", "MaxSessions 3\n");
	text =
	    mem_printf("Include %s/*0.conf\nMaxAuthTries 2\n", imported_place);
	got = imported(text, &report);
	ck_assert_str_eq(report, "");
	ck_assert(strstr(got, "match = { user = [ \"a\" ]; };") != NULL);
	ck_assert(strstr(got, "max_auth_tries = 6;") == NULL);
	ck_assert(strstr(got, "max_sessions = 10;") == NULL);
	ck_assert(strstr(got, "pty = false;") != NULL);
	config_free(config_of(got));
	free(text);
	free(got);
	free(report);

	/* Inside a block the file is part of it, with Match of its own too. */
	text = mem_printf("Match Group g\nInclude %s/*0.conf\nX11Forwarding "
			  "yes\n",
	    imported_place);
	got = imported(text, &report);
	ck_assert(strstr(got,
		      "match = ( { group = [ \"g\" ]; }, { user = [ \"a\" "
		      "]; } );") != NULL);
	config_free(config_of(got));
	free(text);
	free(got);
	free(report);
	free(one);
	free(two);
	imported_end();
}
END_TEST

static void
check_host_key(const char *type, bool usable)
{
	char *key, *text, *got, *report, *public;

	imported_begin();
	key = imported_put("host_key", "");
	text = mem_printf("%s AAAA comment\n", type);
	public = imported_put("host_key.pub", text);
	free(text);
	text = mem_printf("HostKey /etc/passwd\nHostKey %s\n", key);
	got = imported(text, &report);
	ck_assert_msg((strstr(got, "host_key\"") != NULL) == usable, "%s", got);
	ck_assert_msg(
	    (strstr(report, "is not supported: left out") == NULL) == usable,
	    "%s", report);
	free(text);
	free(key);
	free(public);
	free(got);
	free(report);
	imported_end();
}

START_TEST(a_host_key_of_a_type_that_no_server_signs_with_is_left_out)
{
	check_host_key("ssh-ed25519", true);
	check_host_key("ecdsa-sha2-nistp384", true);
	check_host_key("ssh-rsa", true);
	check_host_key("ssh-dss", false);
	check_host_key("ssh-xmss@openssh.com", false);
	check_host_key("sk-ssh-ed25519@openssh.com", false);
}
END_TEST

/* Refused with the place, although no parser of the import's own saw it. */
START_TEST(what_the_loader_refuses_is_an_error_of_the_import)
{
	char *report, *got;

	imported_begin();
	got = imported("Match User a\nMatch User x\nBanner none\n"
		       "ForceCommand internal-sftp -u 9\n",
	    &report);
	ck_assert_msg(
	    strstr(report, "2: the result is refused: line ") == report, "%s",
	    report);
	ck_assert(strstr(report, "sftp_umask") != NULL);
	free(got);
	free(report);
	imported_end();
}
END_TEST

/* 5,000 lines; linear in them, and decided as sshd merges them. */
START_TEST(two_hundred_blocks_are_two_hundred_overlays)
{
	static const char *const groups[] = {"g7", "g150"};
	struct policy_facts facts = facts_of_alice();
	char *text = NULL, *got, *report;
	struct config *config;
	struct decision d;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int i, k;

	for (i = 1; i <= 200; i++) {
		fprintf(out, "Match Group g%d\n", i);
		if (i != 7)
			fprintf(out, " ForceCommand /bin/true %d\n", i);
		fprintf(out, " MaxSessions %d\n", i % 9);
		for (k = 0; k < 22; k++)
			fprintf(out, " AcceptEnv V%d_%d\n", i, k);
	}
	fclose(out);
	imported_begin();
	got = imported(text, &report);
	ck_assert_str_eq(report, "");
	ck_assert_uint_lt(strlen(got), 256 * 1024);
	config = config_of(got);
	ck_assert_uint_eq(config->overlay_count, 201);
	ck_assert_uint_eq(config->rule_count, 2);
	facts.groups = groups;
	facts.group_count = 2;
	decision_init(&d);
	policy_decide(config, &facts, &d);
	ck_assert_int_eq(d.verdict, POLICY_GRANTED);
	ck_assert_str_eq(d.grants.command, "/bin/true 150");
	ck_assert_uint_eq(d.grants.max_sessions, 7);
	ck_assert_uint_eq(d.grants.accept_env.count, 44);
	decision_free(&d);
	config_free(config);
	free(text);
	free(got);
	free(report);
	imported_end();
}
END_TEST

Suite *
suite_import_file(void)
{
	Suite *suite = suite_create("import_file");
	TCase *tc = tcase_create("import_file");

	tcase_add_test(
	    tc, includes_follow_globs_and_keep_their_match_to_themselves);
	tcase_add_test(
	    tc, a_host_key_of_a_type_that_no_server_signs_with_is_left_out);
	tcase_add_test(tc, what_the_loader_refuses_is_an_error_of_the_import);
	tcase_add_test(tc, two_hundred_blocks_are_two_hundred_overlays);
	suite_add_tcase(suite, tc);
	return suite;
}
