/*
 * Text to struct config.  Runs in the master's rehearsal, in the templates
 * and in sallyportctl, always on a bundle, never on files; knows no module,
 * no user and no key.  Goes on after an error so that all are reported.
 */
#include "config/load.h"
#include "config/importer.h"
#include "config/loader.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups of one section ---- */

void
load_unknown(struct loader *l, const config_setting_t *setting, const char *key,
    const enum option_section *sections)
{
	const char *name = config_setting_name(setting), *nearest = NULL;
	unsigned line = (unsigned)config_setting_source_line(setting);

	if (*sections != SECTION_SERVER)
		nearest = option_hint(name);
	/* Where there are groups in the group. */
	if (*sections == SECTION_LISTENER)
		name = strchr(key, '.') + 1;
	for (; *sections != SECTION_COUNT && nearest == NULL; sections++)
		nearest = option_nearest(
		    *sections, *sections == SECTION_SERVER ? key : name);
	if (nearest != NULL)
		problem_error(l->problems, l->reader.file, line,
		    "%s: unknown key; did you mean \"%s\"?", key, nearest);
	else
		problem_error(
		    l->problems, l->reader.file, line, "%s: unknown key", key);
}

static void
check_required(struct loader *l, const config_setting_t *group,
    enum option_section section, const char *what)
{
	size_t i;

	for (i = 0; i < option_count; i++) {
		if (options[i].section != section ||
		    (options[i].flags & OPTION_REQUIRED) == 0 ||
		    config_setting_get_member(group, options[i].name) != NULL)
			continue;
		reader_error(&l->reader,
		    (unsigned)config_setting_source_line(group), what,
		    "\"%s\" is missing", options[i].name);
	}
}

/* Where the keys of a group go. */
struct place {
	enum option_section section;
	const char *what;
	void *base;
	struct origin *origins; /* NULL: not kept */
};

static void
load_member(struct loader *l, const config_setting_t *setting,
    const struct place *p, const struct option *option, const char *key)
{
	if (option->type == OPTION_LIST)
		return;
	if (p->origins != NULL)
		p->origins[option - options] =
		    reader_origin(&l->reader, setting);
	(void)value_read(
	    &l->reader, option, key, setting, (char *)p->base + option->offset);
}

static void
wrong_group(struct loader *l, const config_setting_t *setting, const char *key)
{
	reader_error(&l->reader, (unsigned)config_setting_source_line(setting),
	    key, "wrong type: this is a group, { ... }");
}

/* prefix: of a group in the group, "crypto."; else "". */
static void
load_members(struct loader *l, const config_setting_t *group,
    const struct place *p, const char *prefix)
{
	const enum option_section sections[] = {p->section, SECTION_COUNT};
	const struct option *option;
	const config_setting_t *setting;
	const char *key, *name;

	for (int i = 0; i < config_setting_length(group); i++) {
		setting = config_setting_get_elem(group, (unsigned)i);
		name = arena_printf(
		    l->arena, "%s%s", prefix, config_setting_name(setting));
		key = arena_printf(l->arena, "%s.%s", p->what, name);
		option = option_find(p->section, name);
		if (option != NULL)
			load_member(l, setting, p, option, key);
		else if (!option_is_group(p->section, name))
			load_unknown(l, setting, key, sections);
		else if (config_setting_type(setting) == CONFIG_TYPE_GROUP)
			load_members(
			    l, setting, p, arena_printf(l->arena, "%s.", name));
		else
			wrong_group(l, setting, key);
	}
}

void
load_struct(struct loader *l, const config_setting_t *group,
    enum option_section section, const char *what, void *base,
    struct origin *origins)
{
	const struct place p = {section, what, base, origins};

	for (size_t i = 0; i < option_count; i++) {
		if (options[i].section == section &&
		    options[i].type != OPTION_LIST)
			value_default(l->arena, &options[i],
			    (char *)base + options[i].offset);
	}
	load_members(l, group, &p, "");
	check_required(l, group, section, what);
}

/* ---- the lists of groups ---- */

/* Room for one more element of an array in the arena, zero filled. */
static void *
append(struct loader *l, void **items, size_t *count, size_t size)
{
	bool power = (*count & (*count - 1)) == 0;

	/* Twice as many each time: the arena keeps what is outgrown. */
	if (*count == 0 || (power && *count >= 16))
		*items = arena_grow(l->arena, *items, *count,
		    *count == 0 ? 16 : 2 * *count, size);
	return (char *)*items + (*count)++ * size;
}

static void
load_listener(struct loader *l, const config_setting_t *group)
{
	struct config *c = l->config;
	struct net_address address;
	struct listener *listener;
	void *items = c->listeners;

	listener = append(l, &items, &c->listener_count, sizeof(*listener));
	c->listeners = items;
	listener->origins =
	    arena_array(l->arena, option_count, sizeof(struct origin));
	load_struct(l, group, SECTION_LISTENER, "listeners", listener,
	    listener->origins);
	listener->origin = reader_origin(&l->reader, group);
	listener->sets_banner =
	    config_setting_get_member(group, "banner") != NULL;
	listener->family = AF_UNSPEC;
	if (listener->address != NULL &&
	    net_parse(listener->address, &address) == 0)
		listener->family =
		    address.family == NET_V4 ? AF_INET : AF_INET6;
}

static void
load_module(struct loader *l, const config_setting_t *group)
{
	struct config *c = l->config;
	struct module_settings *module;
	void *items = c->modules;

	module = append(l, &items, &c->module_count, sizeof(*module));
	c->modules = items;
	load_struct(l, group, SECTION_MODULE, "modules", module, NULL);
	module->origin = reader_origin(&l->reader, group);
	if (module->file == NULL && module->name != NULL)
		module->file = arena_printf(l->arena, "%s.so", module->name);
	if (module->file != NULL && module->file[0] != '/' &&
	    strchr(module->file, '/') != NULL)
		reader_error(&l->reader, module->origin.line, "modules.file",
		    "\"%s\": an absolute path, or a name without /",
		    module->file);
}

static void
load_subsystem(struct loader *l, const config_setting_t *group)
{
	struct config *c = l->config;
	struct subsystem *subsystem;
	void *items = c->subsystems;

	subsystem = append(l, &items, &c->subsystem_count, sizeof(*subsystem));
	c->subsystems = items;
	load_struct(l, group, SECTION_SUBSYSTEM, "subsystems", subsystem, NULL);
	subsystem->origin = reader_origin(&l->reader, group);
	if (subsystem->command == NULL ||
	    strcmp(subsystem->command, "internal") != 0)
		return;
	if (subsystem->name == NULL || strcmp(subsystem->name, "sftp") != 0)
		reader_error(&l->reader, subsystem->origin.line,
		    "subsystems.command", "only sftp is served internally");
	subsystem->command = NULL;
}

static void
load_rule_element(
    struct loader *l, const config_setting_t *group, enum rule_kind kind)
{
	struct config *c = l->config;
	struct rule **lists[] = {&c->rules, &c->overlays, &c->guards};
	size_t *counts[] = {&c->rule_count, &c->overlay_count, &c->guard_count};
	void *items = *lists[kind];
	struct rule *rule;

	rule = append(l, &items, counts[kind], sizeof(*rule));
	*lists[kind] = items;
	load_rule(l, group, kind, rule);
}

static void
load_test_element(struct loader *l, const config_setting_t *group)
{
	void *items = l->config->tests;
	struct policy_test *test;

	test = append(l, &items, &l->config->test_count, sizeof(*test));
	l->config->tests = items;
	load_test(l, group, test);
}

static void
load_element(struct loader *l, const struct option *option,
    const config_setting_t *group)
{
	if (option->offset == offsetof(struct config, listeners))
		load_listener(l, group);
	else if (option->offset == offsetof(struct config, modules))
		load_module(l, group);
	else if (option->offset == offsetof(struct config, subsystems))
		load_subsystem(l, group);
	else if (option->offset == offsetof(struct config, overlays))
		load_rule_element(l, group, KIND_OVERLAY);
	else if (option->offset == offsetof(struct config, guards))
		load_rule_element(l, group, KIND_GUARD);
	else if (option->offset == offsetof(struct config, tests))
		load_test_element(l, group);
	else
		load_rule_element(l, group, KIND_RULE);
}

static size_t
list_count(const struct config *c, const struct option *option)
{
	switch (option->offset) {
	case offsetof(struct config, listeners):
		return c->listener_count;
	case offsetof(struct config, modules):
		return c->module_count;
	case offsetof(struct config, subsystems):
		return c->subsystem_count;
	case offsetof(struct config, overlays):
		return c->overlay_count;
	case offsetof(struct config, guards):
		return c->guard_count;
	case offsetof(struct config, tests):
		return c->test_count;
	default:
		return c->rule_count;
	}
}

static void
load_list(
    struct loader *l, const struct option *option, const config_setting_t *list)
{
	unsigned line = (unsigned)config_setting_source_line(list);
	const config_setting_t *group;
	int i;

	if (config_setting_type(list) != CONFIG_TYPE_LIST) {
		reader_error(&l->reader, line, option->name,
		    "wrong type: this is a list of groups, "
		    "%s = ( { ... }, { ... } );",
		    option->name);
		return;
	}
	for (i = 0; i < config_setting_length(list); i++) {
		group = config_setting_get_elem(list, (unsigned)i);
		if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
			reader_error(&l->reader, line, option->name,
			    "wrong type: entry %d is not a group { ... }",
			    i + 1);
			continue;
		}
		if (list_count(l->config, option) >= option->max) {
			reader_error(&l->reader, line, option->name,
			    "more than %llu entries",
			    (unsigned long long)option->max);
			return;
		}
		load_element(l, option, group);
	}
}

/* ---- the top level ---- */

static void
load_value(struct loader *l, const struct option *option,
    const config_setting_t *setting)
{
	struct origin *origin = &l->config->origins[option - options];

	if (origin->line != 0) {
		reader_error(&l->reader,
		    (unsigned)config_setting_source_line(setting), option->name,
		    "is set already, in %s:%u; set it once", origin->file,
		    origin->line);
		return;
	}
	*origin = reader_origin(&l->reader, setting);
	(void)value_read(&l->reader, option, option->name, setting,
	    (char *)l->config + option->offset);
}

static void
load_group(struct loader *l, const char *prefix, const config_setting_t *group)
{
	static const enum option_section sections[] = {
	    SECTION_SERVER, SECTION_COUNT};
	const config_setting_t *setting;
	const struct option *option;
	const char *key;
	int i;

	for (i = 0; i < config_setting_length(group); i++) {
		setting = config_setting_get_elem(group, (unsigned)i);
		key = arena_printf(l->arena, "%s%s%s", prefix,
		    *prefix == '\0' ? "" : ".", config_setting_name(setting));
		option = option_find(SECTION_SERVER, key);
		if (option != NULL && option->type == OPTION_LIST)
			load_list(l, option, setting);
		else if (option != NULL)
			load_value(l, option, setting);
		else if (!option_is_group(SECTION_SERVER, key))
			load_unknown(l, setting, key, sections);
		else if (config_setting_type(setting) == CONFIG_TYPE_GROUP)
			load_group(l, key, setting);
		else
			wrong_group(l, setting, key);
	}
}

/* More than half of its lines begin with a keyword of sshd's and no "=". */
static bool
is_sshd_config(const struct bundle_file *file)
{
	const char *at = (const char *)file->bytes;
	unsigned lines = 0, known = 0;
	char word[40];

	for (; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *start = at + strspn(at, " \t");
		size_t len = strcspn(start, " \t=\r\n");
		const char *behind = start + len + strspn(start + len, " \t");

		if (len == 0 || *start == '#')
			continue;
		lines++;
		if (len >= sizeof(word) || *behind == '=' || *behind == ':')
			continue;
		memcpy(word, start, len);
		word[len] = '\0';
		known += import_find_word(word) != NULL;
	}
	return known > 0 && 2 * known > lines;
}

/* It says nothing, or nothing in our words. */
static bool
is_another(struct loader *l, const struct bundle_file *file)
{
	const char *text = (const char *)file->bytes;

	if (is_sshd_config(file)) {
		problem_error(l->problems, file->path, 1,
		    "this is a configuration of sshd's; \"sallyportctl import "
		    "%s\" writes it in the words of this server",
		    file->path);
		return true;
	}
	if (file->len <= CONFIG_FILE_MAX &&
	    text[strspn(text, " \t\r\n")] == '\0')
		problem_warning(l->problems, file->path, 0, "is empty");
	return false;
}

static void
load_file(struct loader *l, const struct bundle_file *file)
{
	struct scan scan;
	config_t parsed;

	l->reader.file = arena_strdup(l->arena, file->path);
	if (is_another(l, file))
		return;
	scan_file(file, &scan, l->problems);
	l->reader.scan = &scan;
	config_init(&parsed);
	if (!scan.hopeless) {
		if (config_read_string(&parsed, scan.text) == CONFIG_TRUE)
			load_group(l, "", config_root_setting(&parsed));
		else
			problem_error(l->problems, file->path,
			    (unsigned)config_error_line(&parsed),
			    "%s; "
			    "settings are name = value;",
			    config_error_text(&parsed));
	}
	config_destroy(&parsed);
	l->reader.scan = NULL;
	scan_free(&scan);
}

/* Defaults for each kind of list that the configuration leaves out. */
static void
default_lists(struct loader *l)
{
	struct config *c = l->config;

	if (c->listener_count == 0) {
		c->listeners = arena_alloc(l->arena, sizeof(*c->listeners));
		c->listener_count = 1;
		c->listeners[0].name = arena_strdup(l->arena, "main");
		c->listeners[0].address = arena_strdup(l->arena, "*");
		c->listeners[0].port = 22;
		c->listeners[0].origins =
		    arena_array(l->arena, option_count, sizeof(struct origin));
	}
	if (c->subsystem_count == 0) {
		c->subsystems = arena_alloc(l->arena, sizeof(*c->subsystems));
		c->subsystem_count = 1;
		c->subsystems[0].name = arena_strdup(l->arena, "sftp");
	}
}

static void
begin_load(struct loader *l, struct problems *problems)
{
	size_t i;

	memset(l, 0, sizeof(*l));
	l->arena = arena_new();
	l->problems = problems;
	l->config = arena_alloc(l->arena, sizeof(*l->config));
	l->config->arena = l->arena;
	l->config->origins =
	    arena_array(l->arena, option_count, sizeof(*l->config->origins));
	l->reader.arena = l->arena;
	l->reader.problems = problems;
	for (i = 0; i < option_count; i++) {
		if (options[i].section == SECTION_SERVER)
			value_default(l->arena, &options[i],
			    (char *)l->config + options[i].offset);
	}
}

/* The system's on algorithms, where a profile is to follow it. */
static void
read_policy(struct loader *l)
{
	const struct bundle_file *file = l->policy_file;
	const struct origin *origin =
	    &l->config->origins[option_find(SECTION_SERVER, "crypto.profile") -
		options];

	if (l->config->crypto.profile != CRYPTO_SYSTEM)
		return;
	if (file == NULL)
		problem_error(l->problems, origin->file, origin->line,
		    "crypto.profile: \"system\" needs " CRYPTO_POLICY_FILE
		    ", which is not there");
	else
		crypto_policy_parse(file->path, file->bytes, file->len,
		    l->arena, l->problems, &l->policy);
}

static void
finish_load(struct loader *l)
{
	default_lists(l);
	check_together(l);
	read_policy(l);
	finish_algorithms(l);
	finish_offers(l);
	finish_rules(l);
	finish_tests(l);
}

int
config_load(const struct bundle *bundle, struct config **config,
    struct problems *problems)
{
	struct loader l;
	size_t i, errors = problems->errors;

	begin_load(&l, problems);
	for (i = 0; i < bundle->count; i++) {
		if (strcmp(bundle->files[i].path, CRYPTO_POLICY_FILE) == 0)
			l.policy_file = &bundle->files[i];
		else
			load_file(&l, &bundle->files[i]);
	}
	finish_load(&l);
	if (problems->errors != errors) {
		config_free(l.config);
		return E_VALUE;
	}
	*config = l.config;
	return 0;
}

struct config *
config_defaults(void)
{
	struct problems problems = {0};
	struct loader l;

	begin_load(&l, &problems);
	finish_load(&l);
	problems_free(&problems);
	return l.config;
}

void
config_free(struct config *config)
{
	if (config != NULL)
		arena_free(config->arena);
}
