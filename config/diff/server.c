/*
 * All that is no rule: keys of the top level, listeners, modules, subsystems.
 * They decide with whom and how a login is made, so a change counts as one that
 * is not judged; only where a setting opens nothing it counts as tighter.
 */
#include "config/diff/server.h"

#include "config/options.h"
#include "config/policy/granted.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* Beginnings of keys that let nobody in and nobody do more. */
static const char *const harmless[] = {"log.", "ip_qos", "version_", "banner",
    "pid_file", "tcp_keepalive", "reload_needs_listeners", NULL};

static enum diff_direction
direction_of(const char *name)
{
	for (size_t i = 0; harmless[i] != NULL; i++)
		if (strncmp(name, harmless[i], strlen(harmless[i])) == 0)
			return DIFF_TIGHTER;
	return DIFF_UNJUDGED;
}

/* A key of a listener that neither sets is the top level's, and told there. */
static bool
is_inherited(
    enum option_section section, size_t row, const void *old, const void *new)
{
	const struct listener *a = old, *b = new;

	return section == SECTION_LISTENER && a->origins[row].line == 0 &&
	    b->origins[row].line == 0;
}

/* The rows of a section, of two members that both exist. */
static void
compare_rows(enum option_section section, const char *prefix, const void *old,
    const void *new, struct findings *findings)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];
		char *before, *after, *name;

		if (o->section != section || o->type == OPTION_LIST ||
		    is_inherited(section, i, old, new))
			continue;
		before = granted_value_text(o, (const char *)old + o->offset);
		after = granted_value_text(o, (const char *)new + o->offset);
		name = mem_printf("%s%s", prefix, o->name);
		if (strcmp(before, after) != 0)
			findings_add(findings, direction_of(name),
			    mem_printf(
				"%s: %s is now %s", name, before, after));
		free(name);
		free(before);
		free(after);
	}
}

/* A list of named items: a section, and where the name stands in an item. */
struct list {
	const char *kind;
	enum option_section section;
	size_t size;
	size_t name;
};

static const char *
name_of(const struct list *l, const void *items, size_t at)
{
	const char *item = (const char *)items + at * l->size;

	return *(char *const *)(const void *)(item + l->name);
}

static const void *
find(const struct list *l, const void *items, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name_of(l, items, i), name) == 0)
			return (const char *)items + i * l->size;
	return NULL;
}

static void
compare_lists(const struct list *l, const void *old, size_t old_count,
    const void *new, size_t new_count, struct findings *findings)
{
	const char *name;
	const void *other;
	char *prefix;
	size_t i;

	for (i = 0; i < old_count; i++) {
		name = name_of(l, old, i);
		other = find(l, new, new_count, name);
		prefix = mem_printf("%s %s: ", l->kind, name);
		if (other == NULL)
			findings_add(findings, DIFF_UNJUDGED,
			    mem_printf("%s %s is gone", l->kind, name));
		else
			compare_rows(l->section, prefix,
			    (const char *)old + i * l->size, other, findings);
		free(prefix);
	}
	for (i = 0; i < new_count; i++) {
		name = name_of(l, new, i);
		if (find(l, old, old_count, name) == NULL)
			findings_add(findings, DIFF_LOOSER,
			    mem_printf("%s %s is new", l->kind, name));
	}
}

/* Where a step names no module, the first that knows the user decides. */
static char *
module_order(const struct config *config)
{
	char *text = mem_strdup("");

	for (size_t i = 0; i < config->module_count; i++)
		mem_append(
		    &text, "%s%s", i > 0 ? ", " : "", config->modules[i].name);
	return text;
}

static void
compare_order(const struct config *old, const struct config *new,
    struct findings *findings)
{
	char *before = module_order(old), *after = module_order(new);

	if (old->module_count == new->module_count &&
	    strcmp(before, after) != 0)
		findings_add(findings, DIFF_UNJUDGED,
		    mem_printf(
			"modules: the order %s is now %s", before, after));
	free(before);
	free(after);
}

#define LIST(kind, section, type)                   \
	{                                           \
		kind, section, sizeof(struct type), \
		    offsetof(struct type, name)     \
	}

void
diff_server(const struct config *old, const struct config *new,
    struct findings *findings)
{
	static const struct list listeners =
	    LIST("listener", SECTION_LISTENER, listener);
	static const struct list modules =
	    LIST("module", SECTION_MODULE, module_settings);
	static const struct list subsystems =
	    LIST("subsystem", SECTION_SUBSYSTEM, subsystem);

	compare_rows(SECTION_SERVER, "", old, new, findings);
	compare_lists(&listeners, old->listeners, old->listener_count,
	    new->listeners, new->listener_count, findings);
	compare_lists(&modules, old->modules, old->module_count, new->modules,
	    new->module_count, findings);
	compare_order(old, new, findings);
	compare_lists(&subsystems, old->subsystems, old->subsystem_count,
	    new->subsystems, new->subsystem_count, findings);
}
