/*
 * Patterns: rows, OpenSSH's list semantics, and patterns made to be slow.
 */
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/match.h"
#include "tests/unit/ground/suites.h"

#include <string.h>

static const struct {
	const char *text, *pattern;
	unsigned flags;
	bool matches;
} patterns[] = {
    {"", "", 0, true},
    {"", "*", 0, true},
    {"", "?", 0, false},
    {"abc", "abc", 0, true},
    {"abc", "ab", 0, false},
    {"ab", "abc", 0, false},
    {"abc", "a?c", 0, true},
    {"abc", "*", 0, true},
    {"abc", "*c", 0, true},
    {"abc", "a*", 0, true},
    {"abc", "*b*", 0, true},
    {"abc", "*d*", 0, false},
    {"abcbc", "a*bc", 0, true},
    {"mississippi", "m*iss*ip*i", 0, true},
    {"mississippi", "m*iss*iss*iss*", 0, false},
    {"aXc", "a**c", 0, true},
    {"ABC", "abc", 0, false},
    {"ABC", "abc", MATCH_NOCASE, true},
    {"a*c", "a\\*c", 0, false}, /* there is no quoting */
    {"\xff", "?", 0, true},
};

START_TEST(patterns_match_as_ssh_config_says)
{
	ck_assert_int_eq(match_pattern(patterns[_i].text, patterns[_i].pattern,
			     patterns[_i].flags),
	    patterns[_i].matches);
}
END_TEST

static const struct {
	const char *text, *list;
	enum match result;
} lists[] = {
    {"alice", "alice", MATCH_YES},
    {"alice", "bob,alice", MATCH_YES},
    {"alice", "bob,carol", MATCH_NO},
    {"alice", "!alice", MATCH_NEGATED},
    {"alice", "*,!alice", MATCH_NEGATED},
    {"alice", "!alice,*", MATCH_NEGATED},
    {"alice", "!bob", MATCH_NO}, /* a negation alone grants nothing */
    {"alice", "!bob,*", MATCH_YES},
    {"alice", "", MATCH_NO},
    {"", "", MATCH_NO},
    {"", ",", MATCH_NO},
    {"alice", ",alice,", MATCH_YES},
    {"alice", "alice,!", MATCH_ERROR},
    {"alice", "!", MATCH_ERROR},
    {"alice", "a*e,b*", MATCH_YES},
    {"a,b", "a,b", MATCH_NO},
};

START_TEST(a_negation_anywhere_wins)
{
	ck_assert_int_eq(
	    match_list(lists[_i].text, lists[_i].list, 0), lists[_i].result);
}
END_TEST

static const struct {
	const char *host, *address, *list;
	enum match result;
} hosts[] = {
    {"a.example.com", "192.0.2.7", "*.example.com", MATCH_YES},
    {"A.Example.Com", "192.0.2.7", "*.example.com", MATCH_YES},
    {NULL, "192.0.2.7", "*.example.com", MATCH_NO},
    {NULL, "192.0.2.7", "192.0.2.0/24", MATCH_YES},
    {NULL, "::ffff:192.0.2.7", "192.0.2.0/24", MATCH_YES},
    {NULL, "192.0.2.7", "192.0.2.*", MATCH_YES},
    {NULL, "192.0.2.77", "192.0.2.7", MATCH_NO},
    {NULL, "192.0.2.7", "192.0.2.0/24,!192.0.2.7", MATCH_NEGATED},
    {"x", "192.0.2.7", "!192.0.2.0/24,*", MATCH_NEGATED},
    {"evil", "192.0.2.7", "*,!evil", MATCH_NEGATED},
    {NULL, "2001:db8::1", "2001:DB8::/32", MATCH_YES},
    {NULL, "2001:db8::1", "2001:0db8:0::1", MATCH_YES},
    {NULL, "2001:db8::1", "2001:db8::*", MATCH_YES},
    {"192.0.2.9", "192.0.2.7", "192.0.2.8/30", MATCH_NO},
    {NULL, "192.0.2.7", "192.0.2.7/24", MATCH_ERROR},
    {NULL, "192.0.2.7", "192.0.2.7,10.0.0.0/99", MATCH_ERROR},
    {NULL, "192.0.2.7", "*/8", MATCH_ERROR},
    {NULL, "192.0.2.7", "!!192.0.2.7", MATCH_ERROR},
    {NULL, "192.0.2.7", "", MATCH_NO},
};

START_TEST(from_lists_take_hosts_addresses_and_networks)
{
	struct net_address a;

	ck_assert_int_eq(net_parse(hosts[_i].address, &a), 0);
	ck_assert_int_eq(match_host_list(hosts[_i].host, &a, hosts[_i].list),
	    hosts[_i].result);
	ck_assert_int_eq(match_check_host_list(hosts[_i].list),
	    hosts[_i].result == MATCH_ERROR ? E_FORMAT : 0);
}
END_TEST

START_TEST(no_pattern_takes_long)
{
	static char text[MATCH_TEXT_MAX + 2], pattern[MATCH_PATTERN_MAX + 2];
	static char list[64 * 1024];
	uint64_t start = loop_clock();

	memset(text, 'a', MATCH_TEXT_MAX);
	for (size_t i = 0; i + 1 < MATCH_PATTERN_MAX; i += 2)
		memcpy(&pattern[i], "*a", 2);
	pattern[MATCH_PATTERN_MAX - 1] = 'b';
	ck_assert(!match_pattern(text, pattern, 0));
	memset(list, ',', sizeof(list) - 1);
	ck_assert_int_eq(match_list(text, list, 0), MATCH_NO);
	ck_assert_uint_lt(loop_clock() - start, 2000);
	/* One byte more than allowed is not looked at. */
	memset(pattern, '*', MATCH_PATTERN_MAX + 1);
	ck_assert(!match_pattern("a", pattern, 0));
	ck_assert_int_eq(match_list("a", pattern, 0), MATCH_ERROR);
	text[MATCH_TEXT_MAX] = 'a';
	ck_assert(!match_pattern(text, "*", 0));
}
END_TEST

Suite *
suite_match(void)
{
	Suite *s = suite_create("match");
	TCase *t = tcase_create("match");

	tcase_add_loop_test(t, patterns_match_as_ssh_config_says, 0,
	    (int)(sizeof(patterns) / sizeof(patterns[0])));
	tcase_add_loop_test(t, a_negation_anywhere_wins, 0,
	    (int)(sizeof(lists) / sizeof(lists[0])));
	tcase_add_loop_test(t, from_lists_take_hosts_addresses_and_networks, 0,
	    (int)(sizeof(hosts) / sizeof(hosts[0])));
	tcase_add_test(t, no_pattern_takes_long);
	suite_add_tcase(s, t);
	return s;
}
