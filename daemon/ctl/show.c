/*
 * sallyportctl show: the configuration as it was understood, and the keys
 * there are.
 */
#include "daemon/ctl/ctl.h"

#include "config/load.h"
#include "config/show.h"
#include "daemon/ctl/record.h"
#include "daemon/ctl/show_effective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The options to show, and the state of the JSON output. */
struct shown {
	bool defaults;
	bool first; /* nothing stands before in this object */
};

static void
json_key(struct shown *s, const char *key)
{
	fputs(s->first ? "" : ",", stdout);
	fputs("\n\t", stdout);
	json_text(key, stdout);
	fputs(": ", stdout);
	s->first = false;
}

static void
json_origin(const struct origin *origin)
{
	if (origin->line == 0)
		return;
	fputs(", \"file\": ", stdout);
	json_text(origin->file, stdout);
	printf(", \"line\": %u", origin->line);
}

/* Module options: each name once, its values in a list. */
static void
json_pairs(const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const char *key = pairs->items[i].key;
		bool same = i > 0 && strcmp(key, pairs->items[i - 1].key) == 0;

		fputs(i == 0 ? "" : same ? ", " : "], ", stdout);
		if (!same) {
			json_text(key, stdout);
			fputs(": [", stdout);
		}
		json_text(pairs->items[i].value, stdout);
	}
	fputs(pairs->count > 0 ? "]" : "", stdout);
}

static void
json_value(const struct option *option, const void *member)
{
	if (option->type != OPTION_PAIRS) {
		show_value(stdout, option, member, SHOW_JSON);
		return;
	}
	putchar('{');
	json_pairs(member);
	putchar('}');
}

/* The plain members of a group of the section, as one object. */
static void
json_group(enum option_section section, const void *base)
{
	bool first = true;

	putchar('{');
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (o->section != section || o->type == OPTION_LIST)
			continue;
		printf("%s", first ? "" : ", ");
		json_text(o->name, stdout);
		fputs(": ", stdout);
		json_value(o, (const char *)base + o->offset);
		first = false;
	}
	putchar('}');
}

static void
json_list(struct shown *s, const char *key, enum option_section section,
    const void *items, size_t size, size_t count)
{
	json_key(s, key);
	putchar('[');
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		json_group(section, (const char *)items + i * size);
	}
	putchar(']');
}

static void
json_matches(const struct rule *rule, bool guard)
{
	fputs(", \"match\": [", stdout);
	for (size_t i = 0; i < rule->match_count; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		json_group(SECTION_MATCH, &rule->matches[i]);
		if (guard) {
			fputs(", ", stdout);
			json_group(SECTION_GUARD_MATCH, &rule->matches[i]);
		}
	}
	putchar(']');
}

static void
json_grants(const struct shown *s, const struct rule *rule, bool whole)
{
	bool first = true;

	fputs(", \"grants\": {", stdout);
	for (enum grant g = 0; g < GRANT_COUNT; g++) {
		const struct option *o = option_of_grant(g);
		const struct origin *origin = &rule->grants.origins[g];

		if (origin->line == 0 && (!s->defaults || !whole))
			continue;
		fputs(first ? "" : ", ", stdout);
		json_text(o->name, stdout);
		fputs(": {\"value\": ", stdout);
		json_value(o, (const char *)&rule->grants + o->offset);
		if (rule->joins[g])
			fputs(", \"adds\": true", stdout);
		json_origin(origin);
		putchar('}');
		first = false;
	}
	putchar('}');
}

static void
json_rules(
    struct shown *s, const char *key, const struct rule *rules, size_t count)
{
	bool guard = strcmp(key, "guards") == 0;

	json_key(s, key);
	putchar('[');
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", {\"name\": " : "{\"name\": ", stdout);
		json_text(rules[i].name, stdout);
		json_origin(&rules[i].origin);
		json_matches(&rules[i], guard);
		json_grants(s, &rules[i], strcmp(key, "rules") == 0);
		if (guard) {
			fputs(", \"forbid\": ", stdout);
			show_value(stdout, option_find(SECTION_GUARD, "forbid"),
			    &rules[i].forbid, SHOW_JSON);
			fputs(", \"require\": ", stdout);
			json_text(rules[i].require.count > 0 ?
				rules[i].require.text :
				"none",
			    stdout);
		}
		putchar('}');
	}
	putchar(']');
}

static void
json_tests(struct shown *s, const struct config *c)
{
	json_key(s, "tests");
	putchar('[');
	for (size_t i = 0; i < c->test_count; i++) {
		const struct policy_test *t = &c->tests[i];
		bool first = true;

		fputs(i > 0 ? ", {\"test\": " : "{\"test\": ", stdout);
		json_group(SECTION_TEST, t);
		fputs(", \"grants\": {", stdout);
		for (enum grant g = 0; t->grants != NULL && g < GRANT_COUNT;
		     g++) {
			const struct option *o = option_of_grant(g);

			if (t->grants->origins[g].line == 0)
				continue;
			fputs(first ? "" : ", ", stdout);
			json_text(o->name, stdout);
			fputs(": ", stdout);
			json_value(o, (const char *)t->grants + o->offset);
			first = false;
		}
		putchar('}');
		json_origin(&t->origin);
		putchar('}');
	}
	putchar(']');
}

static void
json_server(struct shown *s, const struct config *c)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (o->section != SECTION_SERVER || o->type == OPTION_LIST ||
		    (c->origins[i].line == 0 && !s->defaults))
			continue;
		json_key(s, o->name);
		fputs("{\"value\": ", stdout);
		json_value(o, (const char *)c + o->offset);
		json_origin(&c->origins[i]);
		putchar('}');
	}
}

/* One of the lists; false: there is none of that name. */
static bool
json_named_list(struct shown *s, const struct config *c, const char *name)
{
	if (strcmp(name, "listeners") == 0)
		json_list(s, name, SECTION_LISTENER, c->listeners,
		    sizeof(*c->listeners), c->listener_count);
	else if (strcmp(name, "modules") == 0)
		json_list(s, name, SECTION_MODULE, c->modules,
		    sizeof(*c->modules), c->module_count);
	else if (strcmp(name, "subsystems") == 0)
		json_list(s, name, SECTION_SUBSYSTEM, c->subsystems,
		    sizeof(*c->subsystems), c->subsystem_count);
	else if (strcmp(name, "guards") == 0)
		json_rules(s, name, c->guards, c->guard_count);
	else if (strcmp(name, "overlays") == 0)
		json_rules(s, name, c->overlays, c->overlay_count);
	else if (strcmp(name, "rules") == 0)
		json_rules(s, name, c->rules, c->rule_count);
	else if (strcmp(name, "tests") == 0)
		json_tests(s, c);
	else
		return false;
	return true;
}

static void
show_json(const struct config *c, bool defaults)
{
	static const char *const lists[] = {"listeners", "modules",
	    "subsystems", "guards", "overlays", "rules", "tests"};
	struct shown s = {.defaults = defaults, .first = true};

	putchar('{');
	json_server(&s, c);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		(void)json_named_list(&s, c, lists[i]);
	fputs("\n}\n", stdout);
}

/* Is this the option, or one of the group, that name means? */
static bool
is_of(const struct option *o, const char *name)
{
	size_t n = strlen(name);

	return o->section == SECTION_SERVER && strncmp(o->name, name, n) == 0 &&
	    (o->name[n] == '\0' || (n > 0 && o->name[n] == '.'));
}

/* A key, a group of keys or a list. */
static int
check_name(const char *name)
{
	const char *nearest;

	for (size_t i = 0; i < option_count; i++)
		if (is_of(&options[i], name))
			return CTL_OK;
	nearest = option_nearest(SECTION_SERVER, name);
	return ctl_fail("%s: no such key of the server%s%s", name,
	    nearest != NULL ? "; nearest is " : "",
	    nearest != NULL ? nearest : "");
}

static void
show_named(struct shown *s, const struct config *c, const char *name, bool json)
{
	if (json ? json_named_list(s, c, name) :
		   config_show_list(c, name, s->defaults, stdout))
		return;
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!is_of(o, name) || o->type == OPTION_LIST)
			continue;
		if (json)
			json_key(s, o->name);
		else
			printf("%s = ", o->name);
		show_value(stdout, o, (const char *)c + o->offset,
		    json ? SHOW_JSON : SHOW_CONFIG);
		if (!json)
			putchar('\n');
	}
}

/* Some keys alone: "KEY = value", or one JSON object. */
static int
show_keys(const struct ctl *ctl, const struct config *c, int argc, char **argv,
    bool defaults)
{
	struct shown s = {.defaults = defaults, .first = true};

	for (int i = 0; i < argc; i++)
		if (check_name(argv[i]) != CTL_OK)
			return CTL_FAILED;
	if (ctl->json)
		putchar('{');
	for (int i = 0; i < argc; i++)
		show_named(&s, c, argv[i], ctl->json);
	if (ctl->json)
		fputs("\n}\n", stdout);
	return CTL_OK;
}

/* Lists all keys: lines of name, type and default, separated by tabs. */
static void
list_keys(const struct ctl *ctl)
{
	struct records r = {0};
	char *text = NULL, *line, *rest;
	size_t size;
	FILE *f;

	if (!ctl->json || (f = open_memstream(&text, &size)) == NULL) {
		config_show_keys(stdout);
		return;
	}
	config_show_keys(f);
	fclose(f);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		const char *name = strsep(&line, "\t");
		const char *type = strsep(&line, "\t");

		if (type == NULL)
			break;
		record_begin(&r);
		record_text(&r, "key", name);
		record_text(&r, "type", type);
		record_text(&r, "default", line == NULL ? "" : line);
	}
	records_json(&r, false, stdout);
	records_free(&r);
	free(text);
}

int
show_command(const struct ctl *ctl, int argc, char **argv)
{
	struct config *config;
	bool defaults = false, effective = false;
	int status = CTL_OK, n = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--keys") == 0) {
			list_keys(ctl);
			return CTL_OK;
		}
		if (strcmp(argv[i], "--defaults") == 0)
			defaults = true;
		else if (strcmp(argv[i], "--effective") == 0)
			effective = true;
		else if (argv[i][0] == '-')
			return ctl_usage(ctl, "%s: no such option", argv[i]);
		else
			argv[n++] = argv[i];
	}
	if ((config = offline_config(ctl, NULL)) == NULL)
		return CTL_FAILED;
	if (effective)
		status = show_effective(ctl, config, n, argv, defaults);
	else if (n > 0)
		status = show_keys(ctl, config, n, argv, defaults);
	else if (ctl->json)
		show_json(config, defaults);
	else
		config_show(config, defaults, stdout);
	config_free(config);
	return status;
}
