/*
 * One setting into one member, as its row of the schema says: type first,
 * then range, then the little languages.  For the loader; reads text that an
 * administrator wrote and refuses what it does not understand.
 */
#include "config/parse.h"
#include "config/reader.h"
#include "lib/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 4096 /* in a list whose row names no maximum */

struct value {
	struct reader *r;
	const struct option *option;
	const char *key;
	const config_setting_t *setting;
	unsigned line;
};

static bool
wrong(const struct value *v, const char *what)
{
	return reader_error(v->r, v->line, v->key, "%s", what);
}

static bool
wrong_type(const struct value *v)
{
	return reader_error(v->r, v->line, v->key, "wrong type: this is a %s",
	    option_type_text(v->option->type));
}

/* The setting's string, or NULL when it is none. */
static const char *
value_string(const struct value *v)
{
	return config_setting_type(v->setting) == CONFIG_TYPE_STRING ?
	    config_setting_get_string(v->setting) :
	    NULL;
}

static bool
is_none(const struct value *v)
{
	const char *text = value_string(v);

	return (v->option->flags & OPTION_NONE_OK) != 0 && text != NULL &&
	    strcmp(text, "none") == 0;
}

static bool
read_bool(const struct value *v, bool *member)
{
	if (config_setting_type(v->setting) != CONFIG_TYPE_BOOL)
		return wrong_type(v);
	*member = config_setting_get_bool(v->setting) != 0;
	return true;
}

static bool
in_range(const struct value *v, uint64_t number)
{
	if (number >= v->option->min && number <= v->option->max)
		return true;
	return reader_error(v->r, v->line, v->key,
	    "%llu is out of range: %llu to %llu", (unsigned long long)number,
	    (unsigned long long)v->option->min,
	    (unsigned long long)v->option->max);
}

/* The little languages of numbers. */
static const char *(*const parsers[OPTION_LIST])(const char *, uint64_t *) = {
    [OPTION_TIME] = parse_time,
    [OPTION_GRACE] = parse_grace,
    [OPTION_SIZE] = parse_size,
    [OPTION_SIZE32] = parse_size,
};

static bool
read_amount(const struct value *v, uint64_t *number)
{
	const char *text = value_string(v), *fault;
	long long plain;

	if (text != NULL && parsers[v->option->type] != NULL) {
		if ((fault = parsers[v->option->type](text, number)) != NULL)
			return reader_error(
			    v->r, v->line, v->key, "\"%s\": %s", text, fault);
		return in_range(v, *number);
	}
	if (config_setting_type(v->setting) != CONFIG_TYPE_INT &&
	    config_setting_type(v->setting) != CONFIG_TYPE_INT64)
		return wrong_type(v);
	plain = config_setting_type(v->setting) == CONFIG_TYPE_INT64 ?
	    config_setting_get_int64(v->setting) :
	    config_setting_get_int(v->setting);
	if (plain < 0)
		return reader_error(v->r, v->line, v->key,
		    "%lld is out of range: %llu to %llu", plain,
		    (unsigned long long)v->option->min,
		    (unsigned long long)v->option->max);
	*number = (uint64_t)plain;
	return in_range(v, *number);
}

static bool
read_number(const struct value *v, void *member)
{
	uint64_t number;

	if (is_none(v)) {
		*(uint32_t *)member = CONFIG_NONE;
		return true;
	}
	if (!read_amount(v, &number))
		return false;
	if (v->option->type == OPTION_SIZE)
		*(uint64_t *)member = number;
	else if (v->option->type == OPTION_PORT)
		*(uint16_t *)member = (uint16_t)number;
	else
		*(uint32_t *)member = (uint32_t)number;
	return true;
}

static bool
choice_error(const struct value *v, const char *text)
{
	const char *words[32] = {NULL}, *nearest;
	char list[256] = "";
	size_t i, len = 0;

	for (i = 0; i < 32 && v->option->choices[i].word != NULL; i++) {
		words[i] = v->option->choices[i].word;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", i == 0 ? "" : " ", words[i]);
	}
	nearest = word_nearest(text, words, i);
	return reader_error(v->r, v->line, v->key,
	    "\"%s\" is not one of: %s%s%s%s", text, list,
	    nearest != NULL ? "; did you mean \"" : "",
	    nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

static bool
read_choice(const struct value *v, void *member)
{
	const char *text = value_string(v);
	size_t i;

	if (text == NULL)
		return wrong_type(v);
	for (i = 0; v->option->choices[i].word != NULL; i++) {
		if (strcmp(text, v->option->choices[i].word) != 0)
			continue;
		*(uint32_t *)member = v->option->choices[i].value;
		return true;
	}
	return choice_error(v, text);
}

static bool
read_mode(const struct value *v, uint32_t *member)
{
	const char *text = value_string(v), *fault;
	uint32_t mode;

	if (is_none(v)) {
		*member = CONFIG_NONE;
		return true;
	}
	if (text == NULL)
		return wrong_type(v);
	if ((fault = parse_mode(text, &mode)) != NULL)
		return reader_error(
		    v->r, v->line, v->key, "\"%s\": %s", text, fault);
	if (mode > v->option->max)
		return reader_error(v->r, v->line, v->key,
		    "\"%s\" is out of range: up to \"%04llo\"", text,
		    (unsigned long long)v->option->max);
	*member = mode;
	return true;
}

static const char *
path_fault(const char *text)
{
	if (text[0] != '/')
		return "not an absolute path";
	if (strlen(text) >= PATH_MAX)
		return "path too long";
	return NULL;
}

/* With %h %u %U %% and no other sequences. */
static const char *
home_path_fault(const char *text)
{
	const char *at;

	for (at = strchr(text, '%'); at != NULL; at = strchr(at + 2, '%')) {
		if (at[1] == '\0' || strchr("huU%", at[1]) == NULL)
			return "only %h %u %U and %% are known after a %";
	}
	if (strncmp(text, "%h", 2) == 0 && (text[2] == '/' || text[2] == '\0'))
		return NULL;
	return path_fault(text);
}

static const char *
address_fault(const char *text)
{
	struct net_address address;

	if (strcmp(text, "*") != 0 && net_parse(text, &address) != 0)
		return "not a numeric address; like \"192.0.2.1\", "
		       "\"2001:db8::1\", or \"*\" for all";
	return NULL;
}

static bool
read_string(const struct value *v, char **member)
{
	const char *text = value_string(v), *fault = NULL;

	if (is_none(v)) {
		*member = NULL;
		return true;
	}
	if (text == NULL)
		return wrong_type(v);
	if (v->option->type == OPTION_PATH)
		fault = path_fault(text);
	else if (v->option->type == OPTION_HOME_PATH)
		fault = home_path_fault(text);
	else if (v->option->type == OPTION_NAME)
		fault = parse_name(text);
	else if (v->option->type == OPTION_ADDRESS)
		fault = address_fault(text);
	if (fault == NULL && *text == '\0' &&
	    (v->option->flags & OPTION_NONE_OK) == 0)
		fault = "empty";
	if (fault == NULL && v->option->max != 0 &&
	    strlen(text) > v->option->max)
		fault = "longer than allowed";
	if (fault == NULL && strchr(text, '\n') != NULL)
		fault = "a line break in a value";
	if (fault != NULL)
		return reader_error(
		    v->r, v->line, v->key, "\"%s\": %s", text, fault);
	*member = *text == '\0' ? NULL : arena_strdup(v->r->arena, text);
	return true;
}

/* ---- lists ---- */

typedef const char *item_reader(struct arena *arena,
    const struct option *option, const char *text, void *item);

/* "NAME=command"; the internal server is sftp's. */
static const char *
command_fault(const char *text)
{
	size_t len = strcspn(text, "=");

	if (len == 0 || text[len] == '\0' || text[len + 1] == '\0')
		return "not a subsystem's command; NAME=command";
	if (strcmp(&text[len + 1], "internal") == 0 &&
	    (len != 4 || strncmp(text, "sftp", 4) != 0))
		return "only sftp is served internally";
	return NULL;
}

static const char *
item_string(struct arena *arena, const struct option *option, const char *text,
    void *item)
{
	const char *fault = NULL;

	switch (option->type) {
	case OPTION_PATHS:
		fault = path_fault(text);
		break;
	case OPTION_SETENV:
		fault = parse_assignment(text);
		break;
	case OPTION_COMMANDS:
		fault = command_fault(text);
		break;
	case OPTION_LOGINS:
		fault = parse_login(text);
		break;
	case OPTION_GROUPS:
		fault = parse_group(text);
		break;
	case OPTION_FINGERPRINTS:
		fault = parse_fingerprint(text);
		break;
	case OPTION_TARGETS_LOG:
		if (path_fault(text) != NULL)
			fault = parse_log_target(text);
		break;
	default:
		if (*text == '\0' || strcmp(text, "!") == 0)
			fault = "empty";
		else if (strlen(text) > 1024)
			fault = "longer than 1024 bytes";
	}
	if (fault == NULL)
		*(char **)item = arena_strdup(arena, text);
	return fault;
}

static const char *
item_network(struct arena *arena, const struct option *option, const char *text,
    void *item)
{
	(void)arena;
	(void)option;
	return parse_network(text, item);
}

static const char *
item_uids(struct arena *arena, const struct option *option, const char *text,
    void *item)
{
	(void)arena;
	(void)option;
	return parse_uids(text, item);
}

static const char *
item_chain(struct arena *arena, const struct option *option, const char *text,
    void *item)
{
	(void)option;
	return parse_chain(arena, text, item);
}

static const char *
item_target(struct arena *arena, const struct option *option, const char *text,
    void *item)
{
	(void)option;
	return parse_target(arena, text, item);
}

static const char *
item_window(struct arena *arena, const struct option *option, const char *text,
    void *item)
{
	(void)option;
	return parse_window(arena, text, item);
}

static const char *
item_channel(struct arena *arena, const struct option *option, const char *text,
    void *item)
{
	(void)option;
	return parse_channel(arena, text, item);
}

/* Every list member of the schema is a pointer and a count. */
struct any_list {
	void *items;
	size_t count;
};

/* One element, a string of the list's language. */
static bool
read_item(const struct value *v, const config_setting_t *element,
    item_reader *reader, void *item)
{
	unsigned line = (unsigned)config_setting_source_line(element);
	const char *text, *fault;

	if (line == 0)
		line = v->line;
	if (config_setting_type(element) != CONFIG_TYPE_STRING)
		return reader_error(v->r, line, v->key,
		    "wrong type: this is a %s",
		    option_type_text(v->option->type));
	text = config_setting_get_string(element);
	/* A word of other options; here a pattern that matches nothing. */
	if (strcmp(text, "none") == 0 && v->option->min == 0 &&
	    v->option->type != OPTION_ALGORITHMS)
		return reader_error(v->r, line, v->key, "write [ ] for none");
	if (v->r->plus == NULL && text[0] == '+' &&
	    (v->option->flags & OPTION_JOINS) != 0)
		return reader_error(v->r, line, v->key,
		    "\"%s\": only lists of overlays add up by +", text);
	if (v->r->plus != NULL && text[0] == '+') {
		(*v->r->plus)++;
		text++;
	}
	fault = reader(v->r->arena, v->option, text, item);
	if (fault == NULL)
		return true;
	return reader_error(v->r, line, v->key, "\"%s\": %s", text, fault);
}

static bool
list_length(const struct value *v, size_t *count, bool *single)
{
	uint64_t max = v->option->max != 0 ? v->option->max : ITEMS_MAX;
	int type = config_setting_type(v->setting);

	*single = type == CONFIG_TYPE_STRING;
	if (!*single && type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
		return wrong_type(v);
	*count = *single ? 1 : (size_t)config_setting_length(v->setting);
	if (*count > max)
		return reader_error(v->r, v->line, v->key,
		    "more than %llu entries", (unsigned long long)max);
	if (*count < v->option->min)
		return reader_error(v->r, v->line, v->key,
		    "at least %llu entries are needed",
		    (unsigned long long)v->option->min);
	return true;
}

static bool
read_list(const struct value *v, size_t size, item_reader *reader, void *member)
{
	const config_setting_t *element;
	struct any_list list;
	size_t i, count = 0;
	bool single = false, good = true;
	char *items;

	if (!list_length(v, &count, &single))
		return false;
	items = arena_array(v->r->arena, count, size);
	for (i = 0; i < count; i++) {
		element = single ?
		    v->setting :
		    config_setting_get_elem(v->setting, (unsigned)i);
		good &= read_item(v, element, reader, items + i * size);
	}
	if (!good)
		return false;
	list.items = items;
	list.count = count;
	memcpy(member, &list, sizeof(list));
	return true;
}

/* ---- a module's own options ---- */

static void
add_pair(struct reader *r, struct pairs *pairs, const char *key,
    const config_setting_t *setting)
{
	struct pair *pair;

	if (pairs->count % 16 == 0)
		pairs->items = arena_grow(r->arena, pairs->items, pairs->count,
		    pairs->count + 16, sizeof(*pairs->items));
	pair = &pairs->items[pairs->count++];
	pair->key = arena_strdup(r->arena, key);
	pair->origin = reader_origin(r, setting);
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_BOOL:
		pair->value = arena_strdup(r->arena,
		    config_setting_get_bool(setting) ? "true" : "false");
		break;
	case CONFIG_TYPE_INT:
		pair->value = arena_printf(
		    r->arena, "%d", config_setting_get_int(setting));
		break;
	case CONFIG_TYPE_INT64:
		pair->value = arena_printf(
		    r->arena, "%lld", config_setting_get_int64(setting));
		break;
	default:
		pair->value =
		    arena_strdup(r->arena, config_setting_get_string(setting));
	}
}

static bool
read_pairs(const struct value *v, const char *prefix,
    const config_setting_t *setting, struct pairs *pairs)
{
	int i, type = config_setting_type(setting);
	const config_setting_t *element;
	const char *key;
	bool good = true;

	if (pairs->count > v->option->max)
		return wrong(v, "too many options for one module");
	if (type == CONFIG_TYPE_FLOAT)
		return wrong(v, "a module option cannot be a fraction");
	if (type != CONFIG_TYPE_GROUP && type != CONFIG_TYPE_ARRAY &&
	    type != CONFIG_TYPE_LIST) {
		add_pair(v->r, pairs, prefix, setting);
		return true;
	}
	for (i = 0; i < config_setting_length(setting) && good; i++) {
		element = config_setting_get_elem(setting, (unsigned)i);
		key = prefix;
		if (type == CONFIG_TYPE_GROUP)
			key = arena_printf(v->r->arena, "%s%s%s", prefix,
			    *prefix == '\0' ? "" : ".",
			    config_setting_name(element));
		good = read_pairs(v, key, element, pairs);
	}
	return good;
}

static bool
read_options(const struct value *v, struct pairs *member)
{
	if (config_setting_type(v->setting) != CONFIG_TYPE_GROUP)
		return wrong_type(v);
	memset(member, 0, sizeof(*member));
	return read_pairs(v, "", v->setting, member);
}

bool
value_read(struct reader *r, const struct option *option, const char *key,
    const config_setting_t *setting, void *member)
{
	struct value v = {r, option, key, setting,
	    (unsigned)config_setting_source_line(setting)};

	switch (option->type) {
	case OPTION_BOOL:
		return read_bool(&v, member);
	case OPTION_NUMBER:
	case OPTION_PORT:
	case OPTION_TIME:
	case OPTION_GRACE:
	case OPTION_SIZE:
	case OPTION_SIZE32:
		return read_number(&v, member);
	case OPTION_CHOICE:
		return read_choice(&v, member);
	case OPTION_MODE:
		return read_mode(&v, member);
	case OPTION_STRING:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_HOME_PATH:
	case OPTION_ADDRESS:
		return read_string(&v, member);
	case OPTION_STRINGS:
	case OPTION_PATHS:
	case OPTION_ALGORITHMS:
	case OPTION_TARGETS_LOG:
	case OPTION_SETENV:
	case OPTION_COMMANDS:
	case OPTION_LOGINS:
	case OPTION_GROUPS:
	case OPTION_FINGERPRINTS:
		return read_list(&v, sizeof(char *), item_string, member);
	case OPTION_NETWORKS:
		return read_list(
		    &v, sizeof(struct net_network), item_network, member);
	case OPTION_UIDS:
		return read_list(
		    &v, sizeof(struct uid_range), item_uids, member);
	case OPTION_CHAIN:
		return read_item(&v, setting, item_chain, member);
	case OPTION_CHAINS:
		return read_list(&v, sizeof(struct chain), item_chain, member);
	case OPTION_TARGETS:
		return read_list(
		    &v, sizeof(struct target), item_target, member);
	case OPTION_TIMES:
		return read_list(
		    &v, sizeof(struct time_window), item_window, member);
	case OPTION_CHANNELS:
		return read_list(
		    &v, sizeof(struct channel_timeout), item_channel, member);
	case OPTION_PAIRS:
		return read_options(&v, member);
	case OPTION_LIST:
		break;
	}
	return wrong_type(&v);
}

bool
value_read_amount(struct reader *r, const struct option *option,
    const char *key, const config_setting_t *setting, uint64_t *number)
{
	const struct value v = {r, option, key, setting,
	    (unsigned)config_setting_source_line(setting)};

	return read_amount(&v, number);
}
