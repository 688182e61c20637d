/*
 * Rules and guards: their keys, inheritance by extends, and what a forced
 * command or sftp_only implies.  When the loader is done each rule holds a
 * value for every grant, with the place that set it; the decision needs no
 * look back.
 */
#include "config/loader.h"

#include "config/grants.h"
#include "config/policy/timed.h"

#include <string.h>

/* ---- reading ---- */

static void
load_match_key(struct loader *l, const config_setting_t *setting,
    enum rule_kind kind, const char *key, struct rule_match *match)
{
	static const enum option_section both[] = {
	    SECTION_MATCH, SECTION_GUARD_MATCH, SECTION_COUNT};
	const char *name = config_setting_name(setting);
	const struct option *option = option_find(SECTION_MATCH, name);
	unsigned line = (unsigned)config_setting_source_line(setting);

	if (option == NULL) {
		option = option_find(SECTION_GUARD_MATCH, name);
		if (option != NULL && kind != KIND_GUARD) {
			reader_error(&l->reader, line, key,
			    "is known after "
			    "authentication only: it can stand in a guard, "
			    "not in %s",
			    kind == KIND_RULE ? "a rule" : "an overlay");
			return;
		}
	}
	if (option == NULL) {
		load_unknown(l, setting, key, both);
		return;
	}
	if (option->offset == offsetof(struct rule_match, by_grant) &&
	    option->section == SECTION_MATCH && kind != KIND_RULE) {
		reader_error(&l->reader, line, key,
		    "can stand in a rule only: a grant names one");
		return;
	}
	if (option->type != OPTION_BOOL &&
	    config_setting_type(setting) != CONFIG_TYPE_STRING &&
	    config_setting_length(setting) == 0 &&
	    (config_setting_type(setting) == CONFIG_TYPE_ARRAY ||
		config_setting_type(setting) == CONFIG_TYPE_LIST)) {
		reader_error(&l->reader, line, key,
		    "an empty list matches "
		    "nobody: leave the key out to match all");
		return;
	}
	(void)value_read(
	    &l->reader, option, key, setting, (char *)match + option->offset);
}

/* Likelier a slip than a way to say everybody. */
static void
empty_match(struct loader *l, unsigned line, const char *what)
{
	reader_error(&l->reader, line, what,
	    "an empty match is for everybody: leave the key out to say so");
}

static void
load_match_group(struct loader *l, const config_setting_t *group,
    enum rule_kind kind, const char *what, struct rule_match *match)
{
	const config_setting_t *setting;
	const char *key;
	int i;

	match->origin = reader_origin(&l->reader, group);
	if (config_setting_length(group) == 0)
		empty_match(l, match->origin.line, what);
	for (i = 0; i < config_setting_length(group); i++) {
		setting = config_setting_get_elem(group, (unsigned)i);
		key = arena_printf(l->arena, "%s.match.%s", what,
		    config_setting_name(setting));
		load_match_key(l, setting, kind, key, match);
	}
}

/* A group; or a list of groups, all of which must hold. */
static void
load_match(struct loader *l, const config_setting_t *setting,
    enum rule_kind kind, const char *what, struct rule *rule)
{
	unsigned line = (unsigned)config_setting_source_line(setting);
	bool list = config_setting_type(setting) == CONFIG_TYPE_LIST;
	int i, count = list ? config_setting_length(setting) : 1;
	const config_setting_t *group;

	if (count > CONFIG_MATCHES_MAX) {
		reader_error(&l->reader, line, what,
		    "more than %d groups in "
		    "match",
		    CONFIG_MATCHES_MAX);
		return;
	}
	if (count == 0)
		empty_match(l, line, what);
	rule->matches =
	    arena_array(l->arena, (size_t)count, sizeof(*rule->matches));
	for (i = 0; i < count; i++) {
		group = list ? config_setting_get_elem(setting, (unsigned)i) :
			       setting;
		if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
			reader_error(&l->reader, line, what,
			    "wrong type: "
			    "match is a group, { ... }, or a list of groups");
			return;
		}
		load_match_group(
		    l, group, kind, what, &rule->matches[rule->match_count++]);
	}
}

/* A list of which every entry begins with +, or none. */
static bool
read_joining(struct loader *l, const struct option *option, const char *key,
    const config_setting_t *setting, struct grants *grants)
{
	void *member = (char *)grants + option->offset;
	size_t plus = 0;
	bool good;

	l->reader.plus = &plus;
	good = value_read(&l->reader, option, key, setting, member);
	l->reader.plus = NULL;
	if (good && plus != 0 && plus != ((struct strings *)member)->count)
		reader_error(&l->reader,
		    (unsigned)config_setting_source_line(setting), key,
		    "either each entry begins with + and is added to what "
		    "other overlays add, or none does");
	return plus != 0;
}

static const struct option *
find_grant(struct loader *l, const config_setting_t *setting, const char *name,
    enum rule_kind kind, const char *key)
{
	static const enum option_section known[][5] = {
	    [KIND_RULE] = {SECTION_GRANT, SECTION_RULE, SECTION_MATCH,
		SECTION_COUNT},
	    [KIND_OVERLAY] = {SECTION_GRANT, SECTION_OVERLAY, SECTION_MATCH,
		SECTION_COUNT},
	    [KIND_GUARD] = {SECTION_GRANT, SECTION_GUARD, SECTION_MATCH,
		SECTION_GUARD_MATCH, SECTION_COUNT}};
	const struct option *option = option_find(SECTION_GRANT, name);
	const char *fault = NULL;

	if (option == NULL && kind == KIND_OVERLAY &&
	    (option_find(SECTION_GUARD, name) != NULL ||
		option_find(SECTION_RULE, name) != NULL))
		fault = "cannot stand in an overlay, which sets grants only";
	else if (option == NULL)
		load_unknown(l, setting, key, known[kind]);
	else if (kind == KIND_GUARD && option->grant == GRANT_methods)
		fault = "cannot stand in a guard: guards only take away "
			"(forbid and require change chains)";
	else if (kind == KIND_GUARD && option->tighten == TIGHTEN_NEVER)
		fault = "cannot stand in a guard: guards only take away";
	if (fault != NULL)
		reader_error(&l->reader,
		    (unsigned)config_setting_source_line(setting), key, "%s",
		    fault);
	return fault == NULL ? option : NULL;
}

static void
load_grant(struct loader *l, const config_setting_t *setting, const char *name,
    enum rule_kind kind, const char *key, struct rule *rule)
{
	const struct option *option = find_grant(l, setting, name, kind, key);
	struct grants *grants = &rule->grants;

	if (option == NULL)
		return;
	grants->origins[option->grant] = reader_origin(&l->reader, setting);
	if (kind == KIND_OVERLAY && (option->flags & OPTION_JOINS) != 0)
		rule->joins[option->grant] =
		    read_joining(l, option, key, setting, grants);
	else
		(void)value_read(&l->reader, option, key, setting,
		    (char *)grants + option->offset);
}

/* record = { pty = true; } is record_pty = true; likewise consent. */
static void
load_group(struct loader *l, const config_setting_t *group, enum rule_kind kind,
    const char *what, struct rule *rule)
{
	const char *prefix = config_setting_name(group);

	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *setting =
		    config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(setting);
		const char *key =
		    arena_printf(l->arena, "%s.%s.%s", what, prefix, name);

		load_grant(l, setting,
		    arena_printf(l->arena, "%s_%s", prefix, name), kind, key,
		    rule);
	}
}

static struct origin *
rule_key_origin(struct rule *rule, const struct option *option)
{
	static struct origin unused;

	if (option->offset == offsetof(struct rule, forbid))
		return &rule->forbid_origin;
	if (option->offset == offsetof(struct rule, require))
		return &rule->require_origin;
	return &unused;
}

const char *
rule_kind_name(enum rule_kind kind)
{
	static const char *const names[] = {"rules", "overlays", "guards"};

	return names[kind];
}

void
load_rule(struct loader *l, const config_setting_t *group, enum rule_kind kind,
    struct rule *rule)
{
	static const enum option_section sections[] = {
	    SECTION_RULE, SECTION_OVERLAY, SECTION_GUARD};
	const char *name = NULL, *what;
	const config_setting_t *setting;
	const struct option *option;
	const char *key;
	int i;

	rule->origin = reader_origin(&l->reader, group);
	if (config_setting_lookup_string(group, "name", &name) != CONFIG_TRUE)
		reader_error(&l->reader, rule->origin.line,
		    rule_kind_name(kind), "\"name\" is missing");
	what = arena_printf(
	    l->arena, "%s.%s", rule_kind_name(kind), name != NULL ? name : "?");
	for (i = 0; i < config_setting_length(group); i++) {
		setting = config_setting_get_elem(group, (unsigned)i);
		key = arena_printf(
		    l->arena, "%s.%s", what, config_setting_name(setting));
		name = config_setting_name(setting);
		option = option_find(sections[kind], name);
		if ((strcmp(name, "record") == 0 ||
			strcmp(name, "consent") == 0) &&
		    config_setting_is_group(setting)) {
			load_group(l, setting, kind, what, rule);
		} else if (option == NULL) {
			load_grant(l, setting, name, kind, key, rule);
		} else if (option->type == OPTION_LIST) {
			load_match(l, setting, kind, what, rule);
		} else {
			*rule_key_origin(rule, option) =
			    reader_origin(&l->reader, setting);
			(void)value_read(&l->reader, option, key, setting,
			    (char *)rule + option->offset);
		}
	}
}

/* ---- inheritance ---- */

/* A rule and what it extends, as written: own grants only. */
struct lineage {
	const struct grants *own[CONFIG_EXTENDS_MAX + 1];
	size_t count;
};

static size_t
find_rule(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->rule_count; i++) {
		if (c->rules[i].name != NULL &&
		    strcmp(c->rules[i].name, name) == 0)
			break;
	}
	return i;
}

static void
unknown_rule(struct loader *l, const struct origin *origin, const char *key,
    const char *name)
{
	const struct config *c = l->config;
	const char *words[CONFIG_RULES_MAX] = {NULL}, *nearest;
	size_t i, count = 0;

	for (i = 0; i < c->rule_count; i++) {
		if (c->rules[i].name != NULL)
			words[count++] = c->rules[i].name;
	}
	nearest = word_nearest(name, words, count);
	problem_error(l->problems, origin->file, origin->line,
	    "%s: there is no rule \"%s\"%s%s%s", key, name,
	    nearest != NULL ? "; did you mean \"" : "",
	    nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

static bool
trace_lineage(struct loader *l, size_t index, const struct grants *own,
    struct lineage *lineage)
{
	const struct config *c = l->config;
	const struct rule *rule = &c->rules[index];
	size_t at = index;

	lineage->own[0] = &own[index];
	lineage->count = 1;
	while (c->rules[at].extends != NULL) {
		const char *name = c->rules[at].extends;

		at = find_rule(c, name);
		if (at == c->rule_count) {
			if (lineage->count == 1)
				unknown_rule(l, &rule->origin, "extends", name);
			return false;
		}
		if (at == index) {
			problem_error(l->problems, rule->origin.file,
			    rule->origin.line,
			    "rules.%s.extends: the rule "
			    "extends itself, through \"%s\"",
			    rule->name, rule->extends);
			return false;
		}
		if (lineage->count > CONFIG_EXTENDS_MAX) {
			problem_error(l->problems, rule->origin.file,
			    rule->origin.line,
			    "rules.%s.extends: deeper than "
			    "%d, or in a circle",
			    rule->name != NULL ? rule->name : "?",
			    CONFIG_EXTENDS_MAX);
			return false;
		}
		lineage->own[lineage->count++] = &own[at];
	}
	return true;
}

/* The nearest ancestor (0: the rule itself) that sets the grant, or count. */
static size_t
set_at(const struct lineage *lineage, enum grant grant)
{
	size_t depth;

	for (depth = 0; depth < lineage->count; depth++) {
		if (lineage->own[depth]->origins[grant].line != 0)
			break;
	}
	return depth;
}

static void
imply(
    struct grants *grants, const struct lineage *lineage, enum grant restrictor)
{
	size_t depth = set_at(lineage, restrictor);
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (grant_forced_off(grant) && set_at(lineage, grant) > depth)
			grant_switch_off(
			    grants, grant, grants->origins[restrictor]);
	}
}

/* A setting of the internal server alone, beside another server. */
static void
check_sftp(struct loader *l, const struct rule *rule)
{
	const struct grants *g = &rule->grants;
	const struct origin *origin = &g->origins[GRANT_subsystem_commands];
	const char *key = g->sftp_only	 ? "sftp_only" :
	    g->sftp_read_only		 ? "sftp_read_only" :
	    g->sftp_umask != CONFIG_NONE ? "sftp_umask" :
	    g->sftp_start != NULL	 ? "sftp_start" :
					   NULL;
	size_t i;

	for (i = 0; key != NULL && i < g->subsystem_commands.count; i++) {
		const char *text = g->subsystem_commands.items[i];

		if (strncmp(text, "sftp=", 5) == 0 &&
		    strcmp(&text[5], "internal") != 0)
			problem_error(l->problems, origin->file, origin->line,
			    "rules.%s.subsystem_commands: %s holds for the "
			    "internal sftp server only, which \"%s\" is not",
			    rule->name != NULL ? rule->name : "?", key, text);
	}
}

static void
finish_rule(struct loader *l, struct rule *rule, const struct lineage *lineage,
    const struct grants *defaults)
{
	struct grants *grants = &rule->grants;
	enum grant grant;
	size_t depth;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		depth = set_at(lineage, grant);
		grant_copy(grants,
		    depth < lineage->count ? lineage->own[depth] : defaults,
		    grant);
	}
	if (grants->command != NULL && grants->sftp_only)
		problem_error(l->problems, rule->origin.file, rule->origin.line,
		    "rules.%s: command and sftp_only "
		    "exclude each other",
		    rule->name != NULL ? rule->name : "?");
	/* The end of a grant that ends nothing would be none. */
	if (grants->origins[GRANT_on_change].line == 0 && timed_rule_asks(rule))
		grants->on_change = 0;
	check_sftp(l, rule);
	if (grants->command != NULL && grants->command_restricts)
		imply(grants, lineage, GRANT_command);
	if (grants->sftp_only && grants->command_restricts)
		imply(grants, lineage, GRANT_sftp_only);
	if (grants->methods.count == 0 && !grants->refuse &&
	    (grants->origins[GRANT_methods].line != 0 ||
		!overlay_for_all_sets(l->config, GRANT_methods)))
		problem_error(l->problems, rule->origin.file, rule->origin.line,
		    "rules.%s: \"methods\" is missing: say "
		    "which chains authenticate, or refuse = true",
		    rule->name != NULL ? rule->name : "?");
}

static void
fill_defaults(struct loader *l, struct grants *defaults)
{
	enum grant grant;
	const struct option *option;

	memset(defaults, 0, sizeof(*defaults));
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		option = option_of_grant(grant);
		value_default(
		    l->arena, option, (char *)defaults + option->offset);
	}
	grant_defaults(defaults, l->config);
}

/* ---- all together ---- */

/* A decoy for a policy that lets nobody in. */
static struct rule *
empty_decoy(struct loader *l, const struct grants *defaults)
{
	struct rule *rule = arena_alloc(l->arena, sizeof(*rule));
	struct chains *methods = &rule->grants.methods;

	rule->name = arena_strdup(l->arena, "decoy");
	rule->grants = *defaults;
	methods->items = arena_alloc(l->arena, sizeof(*methods->items));
	methods->count = 1;
	methods->items[0].text = arena_strdup(l->arena, "publickey");
	methods->items[0].steps =
	    arena_alloc(l->arena, sizeof(*methods->items[0].steps));
	methods->items[0].steps[0].method = methods->items[0].text;
	methods->items[0].count = 1;
	return rule;
}

static void
find_decoy(struct loader *l, const struct grants *defaults)
{
	struct config *c = l->config;
	const struct option *option = option_find(SECTION_SERVER, "decoy");
	const struct origin *origin = &c->origins[option - options];
	size_t i;

	for (i = 0; i < c->rule_count && c->decoy_name == NULL; i++) {
		if (!c->rules[i].grants.refuse)
			c->decoy = &c->rules[i];
	}
	if (c->decoy_name != NULL) {
		i = find_rule(c, c->decoy_name);
		if (i == c->rule_count)
			unknown_rule(l, origin, "decoy", c->decoy_name);
		else if (c->rules[i].grants.refuse)
			problem_error(l->problems, origin->file, origin->line,
			    "decoy: the rule \"%s\" refuses: it has nothing "
			    "to ask",
			    c->decoy_name);
		else
			c->decoy = &c->rules[i];
	}
	if (c->decoy == NULL)
		c->decoy = empty_decoy(l, defaults);
}

void
finish_rules(struct loader *l)
{
	struct config *c = l->config;
	struct grants *own, defaults;
	struct lineage lineage;
	size_t i;

	fill_defaults(l, &defaults);
	own = arena_array(l->arena, c->rule_count, sizeof(*own));
	for (i = 0; i < c->rule_count; i++)
		own[i] = c->rules[i].grants;
	for (i = 0; i < c->rule_count; i++) {
		if (trace_lineage(l, i, own, &lineage))
			finish_rule(l, &c->rules[i], &lineage, &defaults);
	}
	check_rules(l);
	find_decoy(l, &defaults);
	warn_unreachable(l);
	warn_idle(l);
}
