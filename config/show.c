/*
 * Values as text: for sallyportctl show and explain.  Whatever is printed
 * here the loader reads back, which a test relies on.
 */
#include "config/show.h"

#include "lib/json.h"
#include "lib/mem.h"
#include "lib/net.h"

#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

void
show_quoted(FILE *out, const char *text, enum show_syntax syntax)
{
	if (syntax == SHOW_JSON) {
		json_quote(out, text);
		return;
	}
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void
show_text(FILE *out, const char *text, enum show_syntax syntax)
{
	show_quoted(out, text != NULL ? text : "none", syntax);
}

static void
show_choice(FILE *out, const struct option *option, uint32_t value)
{
	const struct choice *choice;

	for (choice = option->choices; choice->word != NULL; choice++) {
		if (choice->value == value)
			break;
	}
	fprintf(out, "\"%s\"", choice->word != NULL ? choice->word : "?");
}

static void
show_channel(FILE *out, const struct channel_timeout *timeout)
{
	fprintf(out, "\"%s=%u\"", timeout->kind, timeout->seconds);
}

static void
show_uids(FILE *out, const struct uid_range *range)
{
	if (range->first == range->last)
		fprintf(out, "\"%u\"", (unsigned)range->first);
	else
		fprintf(out, "\"%u-%u\"", (unsigned)range->first,
		    (unsigned)range->last);
}

/* The list's element at index; false behind the last. */
static bool
show_element(FILE *out, const struct option *option, const void *member,
    size_t index, enum show_syntax syntax)
{
	char text[NET_TEXT_MAX];

#define ELEMENT(type)                     \
	const struct type *list = member; \
	if (index >= list->count)         \
		return false;             \
	fputs(index > 0 ? ", " : "", out)
	switch (option->type) {
	case OPTION_NETWORKS: {
		ELEMENT(networks);
		show_quoted(
		    out, net_print_network(&list->items[index], text), syntax);
		return true;
	}
	case OPTION_UIDS: {
		ELEMENT(uid_ranges);
		show_uids(out, &list->items[index]);
		return true;
	}
	case OPTION_CHAINS: {
		ELEMENT(chains);
		show_quoted(out, list->items[index].text, syntax);
		return true;
	}
	case OPTION_TARGETS: {
		ELEMENT(targets);
		show_quoted(out, list->items[index].text, syntax);
		return true;
	}
	case OPTION_TIMES: {
		ELEMENT(time_windows);
		show_quoted(out, list->items[index].text, syntax);
		return true;
	}
	case OPTION_CHANNELS: {
		ELEMENT(channel_timeouts);
		show_channel(out, &list->items[index]);
		return true;
	}
	default: {
		ELEMENT(strings);
		show_quoted(out, list->items[index], syntax);
		return true;
	}
	}
#undef ELEMENT
}

static void
show_list(FILE *out, const struct option *option, const void *member,
    enum show_syntax syntax)
{
	size_t i;

	fputc('[', out);
	for (i = 0; show_element(out, option, member, i, syntax); i++)
		;
	fputc(']', out);
}

void
show_value(FILE *out, const struct option *option, const void *member,
    enum show_syntax syntax)
{
	switch (option->type) {
	case OPTION_BOOL:
		fputs(*(const bool *)member ? "true" : "false", out);
		break;
	case OPTION_NUMBER:
	case OPTION_TIME:
	case OPTION_GRACE:
	case OPTION_SIZE32:
	case OPTION_MODE:
		option_print_number(out, option, *(const uint32_t *)member);
		break;
	case OPTION_PORT:
		fprintf(out, "%u", *(const uint16_t *)member);
		break;
	case OPTION_SIZE:
		fprintf(out, syntax == SHOW_JSON ? "%llu" : "%lluL",
		    (unsigned long long)*(const uint64_t *)member);
		break;
	case OPTION_CHOICE:
		show_choice(out, option, *(const uint32_t *)member);
		break;
	case OPTION_STRING:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_HOME_PATH:
	case OPTION_ADDRESS:
		show_text(out, *(char *const *)member, syntax);
		break;
	case OPTION_CHAIN:
		show_text(out, ((const struct chain *)member)->text, syntax);
		break;
	case OPTION_PAIRS:
	case OPTION_LIST:
		break;
	default:
		show_list(out, option, member, syntax);
	}
}

/* ---- the whole ---- */

static void
show_origin(FILE *out, const struct origin *origin)
{
	if (origin->line != 0)
		fprintf(out, "\t# %s:%u\n", origin->file, origin->line);
	else
		fputs("\t# default\n", out);
}

static void show_pairs(
    FILE *out, const struct pairs *pairs, size_t i, size_t end, size_t prefix);

/* The end of the pairs from i on that share their first len bytes. */
static size_t
same_prefix(const struct pairs *pairs, size_t i, size_t end, size_t len)
{
	const char *first = pairs->items[i].key;

	while (i < end && strncmp(pairs->items[i].key, first, len) == 0)
		i++;
	return i;
}

/* Where the next group of a list begins: its first key comes again. */
static size_t
next_element(const struct pairs *pairs, size_t i, size_t end)
{
	const char *first = pairs->items[i].key;
	size_t at = i + 1;

	while (at < end && strcmp(pairs->items[at].key, first) == 0)
		at++;
	while (at < end && strcmp(pairs->items[at].key, first) != 0)
		at++;
	return at;
}

/* One group, or a list of groups, of the pairs up to end. */
static void
show_pair_groups(
    FILE *out, const struct pairs *pairs, size_t i, size_t end, size_t prefix)
{
	bool list = next_element(pairs, i, end) < end;
	size_t next;

	fputs(list ? "(" : "", out);
	for (; i < end; i = next) {
		next = next_element(pairs, i, end);
		fputs(" {", out);
		show_pairs(out, pairs, i, next, prefix);
		fputs(next < end ? " }," : " }", out);
	}
	fputs(list ? " );" : ";", out);
}

/* A module's options from i up to end, without the prefix they share. */
static void
show_pairs(
    FILE *out, const struct pairs *pairs, size_t i, size_t end, size_t prefix)
{
	const char *key;
	size_t len, next;

	for (; i < end; i = next) {
		key = pairs->items[i].key + prefix;
		len = strcspn(key, ".");
		fprintf(out, " %.*s =", (int)len, key);
		if (key[len] == '.') {
			next = same_prefix(pairs, i, end, prefix + len + 1);
			show_pair_groups(out, pairs, i, next, prefix + len + 1);
			continue;
		}
		next = same_prefix(pairs, i, end, prefix + len + 1);
		for (fputs(" ( ", out); i < next; i++) {
			show_quoted(out, pairs->items[i].value, SHOW_CONFIG);
			fputs(i + 1 < next ? ", " : " );", out);
		}
	}
}

static void
show_modules(FILE *out, const struct config *c)
{
	size_t i;

	fputs("modules = (", out);
	for (i = 0; i < c->module_count; i++) {
		const struct module_settings *m = &c->modules[i];

		fprintf(out, "%s\n\t{ name = \"%s\"; file = ", i > 0 ? "," : "",
		    m->name);
		show_quoted(out, m->file, SHOW_CONFIG);
		if (m->helper_user != c->privsep.helper_user) {
			fputs("; helper_user = ", out);
			show_quoted(out, m->helper_user, SHOW_CONFIG);
		}
		fputs("; options = {", out);
		if (m->options.count > 0)
			show_pairs(out, &m->options, 0, m->options.count, 0);
		fputs(" }; }", out);
	}
	fputs("\n);\n", out);
}

/*
 * The other keys that a listener sets, which stand behind freebind in the
 * table, those of a group together; those of key exchange are final.
 */
static void
show_own(FILE *out, const struct listener *l)
{
	const struct option *before = option_find(SECTION_LISTENER, "freebind");
	const char *group = "";
	size_t len = 0;

	for (size_t i = (size_t)(before - options) + 1; i < option_count; i++) {
		const struct option *option = &options[i];
		const char *dot = strchr(option->name, '.');
		size_t part = dot == NULL ? 0 : (size_t)(dot - option->name);

		if (option->section != SECTION_LISTENER ||
		    l->origins[i].line == 0)
			continue;
		if (len != 0 &&
		    (part != len || strncmp(option->name, group, len) != 0))
			fputs("\n\t  };", out);
		if (part != 0 &&
		    (part != len || strncmp(option->name, group, part) != 0))
			fprintf(out, "\n\t  %.*s = {", (int)part, option->name);
		group = option->name;
		len = part;
		fprintf(
		    out, "\n\t  %s = ", dot == NULL ? option->name : &dot[1]);
		show_value(
		    out, option, (const char *)l + option->offset, SHOW_CONFIG);
		fputc(';', out);
	}
	fputs(len != 0 ? "\n\t  }; " : "", out);
}

static void
show_listeners(FILE *out, const struct config *c)
{
	size_t i;

	fputs("listeners = (", out);
	for (i = 0; i < c->listener_count; i++) {
		const struct listener *l = &c->listeners[i];

		fprintf(out,
		    "%s\n\t{ name = \"%s\"; address = \"%s\"; "
		    "port = %u; freebind = %s;",
		    i > 0 ? "," : "", l->name, l->address, l->port,
		    l->freebind ? "true" : "false");
		if (l->sets_banner) {
			fputs(" banner = ", out);
			show_quoted(out, l->banner != NULL ? l->banner : "none",
			    SHOW_CONFIG);
			fputc(';', out);
		}
		show_own(out, l);
		fputs(" }", out);
	}
	fputs("\n);\n", out);
}

static void
show_subsystems(FILE *out, const struct config *c)
{
	size_t i;

	fputs("subsystems = (", out);
	for (i = 0; i < c->subsystem_count; i++) {
		const struct subsystem *s = &c->subsystems[i];

		fprintf(out,
		    "%s\n\t{ name = \"%s\"; command = ", i > 0 ? "," : "",
		    s->name);
		show_quoted(out, s->command != NULL ? s->command : "internal",
		    SHOW_CONFIG);
		fputs("; }", out);
	}
	fputs("\n);\n", out);
}

static bool
is_empty_match(const struct option *option, const void *member)
{
	if (option->type == OPTION_BOOL)
		return !*(const bool *)member;
	return ((const struct strings *)member)->count == 0;
}

static void
show_match_group(FILE *out, const struct rule_match *match)
{
	const void *member;
	size_t i;

	fputc('{', out);
	for (i = 0; i < option_count; i++) {
		if (options[i].section != SECTION_MATCH &&
		    options[i].section != SECTION_GUARD_MATCH)
			continue;
		member = (const char *)match + options[i].offset;
		if (is_empty_match(&options[i], member))
			continue;
		fprintf(out, " %s = ", options[i].name);
		show_value(out, &options[i], member, SHOW_CONFIG);
		fputc(';', out);
	}
	fputs(" }", out);
}

static void
show_match(FILE *out, const struct rule *rule)
{
	size_t i;

	if (rule->match_count == 0)
		return;
	fputs(rule->match_count > 1 ? "\t  match = ( " : "\t  match = ", out);
	for (i = 0; i < rule->match_count; i++) {
		fputs(i > 0 ? ", " : "", out);
		show_match_group(out, &rule->matches[i]);
	}
	fputs(rule->match_count > 1 ? " );\n" : ";\n", out);
}

/* A list that adds to others. */
static void
show_joining(FILE *out, const struct strings *list)
{
	size_t i;

	fputc('[', out);
	for (i = 0; i < list->count; i++) {
		char *entry = mem_printf("+%s", list->items[i]);

		fputs(i > 0 ? ", " : "", out);
		show_quoted(out, entry, SHOW_CONFIG);
		free(entry);
	}
	fputc(']', out);
}

static void
show_grant(FILE *out, const struct rule *rule, const struct option *option)
{
	const void *member = (const char *)&rule->grants + option->offset;

	if (rule->joins[option->grant])
		show_joining(out, member);
	else
		show_value(out, option, member, SHOW_CONFIG);
}

/* whole: a rule, in which every grant has a value. */
static void
show_rule(FILE *out, const struct rule *rule, bool whole, bool defaults)
{
	enum grant grant;

	fprintf(out, "\t{ name = \"%s\";", rule->name);
	show_origin(out, &rule->origin);
	show_match(out, rule);
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		const struct option *option = option_of_grant(grant);
		const struct origin *origin = &rule->grants.origins[grant];

		if (origin->line == 0 && (!defaults || !whole))
			continue;
		fprintf(out, "\t  %s = ", option->name);
		show_grant(out, rule, option);
		fputc(';', out);
		show_origin(out, origin);
	}
	if (rule->forbid.count > 0) {
		fputs("\t  forbid = ", out);
		show_list(out, option_find(SECTION_GUARD, "forbid"),
		    &rule->forbid, SHOW_CONFIG);
		fputs(";\n", out);
	}
	if (rule->require.count > 0)
		fprintf(out, "\t  require = \"%s\";\n", rule->require.text);
	fputs("\t}", out);
}

static void
show_rules(FILE *out, const char *kind, const struct rule *rules, size_t count,
    bool defaults)
{
	size_t i;

	fprintf(out, "%s = (", kind);
	for (i = 0; i < count; i++) {
		fputs(i > 0 ? ",\n" : "\n", out);
		show_rule(out, &rules[i], strcmp(kind, "rules") == 0, defaults);
	}
	fputs("\n);\n", out);
}

/* Close and open groups so that the path of name is where we stand. */
static void
enter_group(FILE *out, char stack[64], const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t len = dot != NULL ? (size_t)(dot - name) : 0, common = 0, i;

	while (stack[0] != '\0' &&
	    (strncmp(stack, name, strlen(stack)) != 0 ||
		name[strlen(stack)] != '.')) {
		char *last = strrchr(stack, '.');

		*(last != NULL ? last : stack) = '\0';
		fputs("};\n", out);
	}
	common = strlen(stack);
	for (i = common + (common > 0); i < len;) {
		size_t part = strcspn(name + i, ".");

		fprintf(out, "%.*s = {\n", (int)part, name + i);
		i += part + 1;
	}
	snprintf(stack, 64, "%.*s", (int)len, name);
}

static void
show_server(FILE *out, const struct config *c, bool defaults)
{
	char stack[64] = "";
	size_t i;

	for (i = 0; i < option_count; i++) {
		const struct option *option = &options[i];
		const char *last;

		if (option->section != SECTION_SERVER ||
		    option->type == OPTION_LIST ||
		    (c->origins[i].line == 0 &&
			(!defaults || option->fallback == NULL) &&
			!(defaults && option->type == OPTION_ALGORITHMS)))
			continue;
		enter_group(out, stack, option->name);
		last = strrchr(option->name, '.');
		fprintf(out, "%s = ", last != NULL ? last + 1 : option->name);
		show_value(
		    out, option, (const char *)c + option->offset, SHOW_CONFIG);
		fputc(';', out);
		show_origin(out, &c->origins[i]);
	}
	enter_group(out, stack, "");
}

void
config_show(const struct config *config, bool defaults, FILE *out)
{
	static const char *const lists[] = {"listeners", "modules",
	    "subsystems", "guards", "overlays", "rules", "tests"};

	show_server(out, config, defaults);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		(void)config_show_list(config, lists[i], defaults, out);
}

bool
config_show_list(
    const struct config *config, const char *name, bool defaults, FILE *out)
{
	if (strcmp(name, "listeners") == 0)
		show_listeners(out, config);
	else if (strcmp(name, "modules") == 0)
		show_modules(out, config);
	else if (strcmp(name, "subsystems") == 0)
		show_subsystems(out, config);
	else if (strcmp(name, "guards") == 0)
		show_rules(
		    out, name, config->guards, config->guard_count, defaults);
	else if (strcmp(name, "overlays") == 0)
		show_rules(out, name, config->overlays, config->overlay_count,
		    defaults);
	else if (strcmp(name, "rules") == 0)
		show_rules(
		    out, name, config->rules, config->rule_count, defaults);
	else if (strcmp(name, "tests") == 0)
		config_show_tests(config, out);
	else
		return false;
	return true;
}

void
config_show_keys(FILE *out)
{
	static const char *const sections[SECTION_COUNT] = {"", "listeners.",
	    "modules.", "subsystems.", "rules.", "overlays.", "guards.",
	    "match.", "match.", "rules.", "tests."};
	size_t i;

	for (i = 0; i < option_count; i++)
		fprintf(out, "%s%s\t%s\t%s\n", sections[options[i].section],
		    options[i].name, option_type_text(options[i].type),
		    options[i].fallback != NULL ? options[i].fallback : "-");
}
