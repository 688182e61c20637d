/*
 * The loader's part for tests: reads what they say and refuses those that
 * could not be judged.  config/policy/tests.c runs them.
 */
#include "config/loader.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

static void
load_test_grant(struct loader *l, const config_setting_t *setting,
    const char *what, struct grants *grants)
{
	static const enum option_section sections[] = {
	    SECTION_GRANT, SECTION_COUNT};
	const char *name = config_setting_name(setting);
	const char *key = arena_printf(l->arena, "%s.grants.%s", what, name);
	const struct option *option = option_find(SECTION_GRANT, name);

	if (option == NULL) {
		load_unknown(l, setting, key, sections);
		return;
	}
	if (option->grant == GRANT_methods) {
		reader_error(&l->reader,
		    (unsigned)config_setting_source_line(setting), key,
		    "is how one authenticates, no grant to compare: say "
		    "\"methods\" of the test");
		return;
	}
	grants->origins[option->grant] = reader_origin(&l->reader, setting);
	(void)value_read(
	    &l->reader, option, key, setting, (char *)grants + option->offset);
}

static void
load_test_grants(struct loader *l, const config_setting_t *group,
    const char *what, struct policy_test *test)
{
	unsigned line = (unsigned)config_setting_source_line(group);
	int i;

	if (config_setting_type(group) != CONFIG_TYPE_GROUP ||
	    config_setting_length(group) == 0) {
		reader_error(&l->reader, line, what,
		    "wrong type: grants is a group of at least one grant, "
		    "{ name = value; }");
		return;
	}
	test->grants = arena_alloc(l->arena, sizeof(*test->grants));
	for (i = 0; i < config_setting_length(group); i++)
		load_test_grant(l, config_setting_get_elem(group, (unsigned)i),
		    what, test->grants);
}

/* A fact about the key that policy would otherwise judge as "no". */
static void
check_key(struct loader *l, const config_setting_t *group, const char *what,
    const struct policy_test *test)
{
	const struct {
		const char *name;
		bool needed;
	} rows[] = {
	    {"key_ca", strstr(test->key_type, "-cert-v0") != NULL},
	    {"key_bits", strstr(test->key_type, "rsa") != NULL},
	    {"key_touch", strncmp(test->key_type, "sk-", 3) == 0},
	    {"key_verify", strncmp(test->key_type, "sk-", 3) == 0},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].needed &&
		    config_setting_get_member(group, rows[i].name) == NULL)
			reader_error(&l->reader, test->origin.line, what,
			    "\"%s\" is missing: a key of type %s has it",
			    rows[i].name, test->key_type);
}

static void
check_test(struct loader *l, const config_setting_t *group, const char *what,
    const struct policy_test *test)
{
	bool key = test->key_source != NULL || test->key_ca != NULL ||
	    test->key_bits != 0 || test->key_touch || test->key_verify ||
	    test->key_command != NULL;
	const char *fault = NULL;
	struct net_address address;

	if (test->from != NULL && net_parse(test->from, &address) != 0)
		fault = "\"from\" is no numeric address";
	else if (test->invalid_user &&
	    (test->uid != CONFIG_NONE || test->groups_given))
		fault = "a user that does not exist has neither uid nor groups";
	else if (key && test->key_type == NULL)
		fault = "\"key_type\" is missing: the test tells of a key";
	else if ((test->key_type != NULL || test->principal != NULL) &&
	    test->methods.count == 0)
		fault = "\"methods\" is missing: a key or principal is known "
			"after authentication only";
	else if (test->delegated && test->principal == NULL)
		fault = "\"principal\" is missing: whose tickets?";
	else if (test->expect != TEST_ALLOW && test->grants != NULL)
		fault = "\"grants\" go with expect = \"allow\"";
	else if (test->expect != TEST_DENY && test->reason != 0)
		fault = "\"reason\" goes with expect = \"deny\"";
	else if (test->expect == TEST_MORE && test->methods.count == 0)
		fault = "\"methods\" is missing: which are not enough?";
	if (fault != NULL)
		reader_error(&l->reader, test->origin.line, what, "%s", fault);
	if (test->key_type != NULL)
		check_key(l, group, what, test);
}

void
load_test(
    struct loader *l, const config_setting_t *group, struct policy_test *test)
{
	const config_setting_t *grants;
	size_t errors = reader_errors(&l->reader);
	const char *what;

	test->origin = reader_origin(&l->reader, group);
	load_struct(l, group, SECTION_TEST, "tests", test, NULL);
	test->groups_given = config_setting_get_member(group, "groups") != NULL;
	what = test->name == NULL ?
	    "tests" :
	    arena_printf(l->arena, "tests.%s", test->name);
	if ((grants = config_setting_get_member(group, "grants")) != NULL)
		load_test_grants(l, grants, what, test);
	if (reader_errors(&l->reader) == errors)
		check_test(l, group, what, test);
}

/* ---- what it names ---- */

static void
unknown_name(struct loader *l, const struct policy_test *test, const char *key,
    const char *name, const char *const *names, size_t count)
{
	const char *nearest = word_nearest(name, names, count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return;
	problem_error(l->problems, test->origin.file, test->origin.line,
	    "tests.%s: there is no %s \"%s\"%s%s%s", test->name, key, name,
	    nearest != NULL ? "; did you mean \"" : "",
	    nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

static size_t
add_names(const char **names, size_t n, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].name != NULL)
			names[n++] = rules[i].name;
	return n;
}

void
finish_tests(struct loader *l)
{
	const struct config *c = l->config;
	size_t n = 0, listeners = 0, i;
	const char **names =
	    mem_array(c->rule_count + c->overlay_count + c->guard_count + 1,
		sizeof(*names));
	const char **doors = mem_array(c->listener_count + 1, sizeof(*doors));

	n = add_names(names, n, c->rules, c->rule_count);
	n = add_names(names, n, c->overlays, c->overlay_count);
	n = add_names(names, n, c->guards, c->guard_count);
	for (i = 0; i < c->listener_count; i++)
		if (c->listeners[i].name != NULL)
			doors[listeners++] = c->listeners[i].name;
	for (i = 0; i < c->test_count; i++) {
		const struct policy_test *t = &c->tests[i];

		if (t->name != NULL && t->rule != NULL)
			unknown_name(
			    l, t, "rule, overlay or guard", t->rule, names, n);
		if (t->name != NULL && t->listener != NULL)
			unknown_name(
			    l, t, "listener", t->listener, doors, listeners);
	}
	free(names);
	free(doors);
}
