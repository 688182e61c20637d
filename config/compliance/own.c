/*
 * The site's own items: own.h.  As strict as the configuration is.
 */
#include "config/compliance/own.h"

#include "config/parse.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reading {
	struct own_items *own;
	struct reader r;
};

/* A text of 1 to CONFIG_STRING_MAX bytes, NULL and an error for another. */
static char *
text_of(struct reading *g, const config_setting_t *setting, const char *what)
{
	const char *text = config_setting_get_string(setting);
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > 0 && len <= CONFIG_STRING_MAX)
		return arena_strdup(g->r.arena, text);
	reader_error(&g->r, (unsigned)config_setting_source_line(setting), what,
	    "a text in quotes is expected");
	return NULL;
}

static bool
is_known_id(const struct own_items *own, const char *id)
{
	for (size_t i = 0; i < own->count; i++)
		if (strcmp(own->items[i].id, id) == 0)
			return true;
	return false;
}

/* The five members of an item, as settings; NULL: missing. */
enum member { MEMBER_ID, MEMBER_TITLE, MEMBER_KEY, MEMBER_OPERATOR, MEMBERS };
static const char *const members[MEMBERS] = {"id", "title", "key", "operator"};

static void
check_members(struct reading *g, const config_setting_t *group)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s =
		    config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(s);
		int j = 0;

		while (j < MEMBERS && strcmp(name, members[j]) != 0)
			j++;
		if (j == MEMBERS && strcmp(name, "value") != 0)
			reader_error(&g->r,
			    (unsigned)config_setting_source_line(s), "items",
			    "unknown key \"%s\"; an item has id, title, key, "
			    "operator and value",
			    name);
	}
}

static void
read_item(struct reading *g, const config_setting_t *group)
{
	unsigned line = (unsigned)config_setting_source_line(group);
	struct own_items *own = g->own;
	char *texts[MEMBERS] = {NULL};
	const config_setting_t *s;
	size_t errors = reader_errors(&g->r);
	struct own_item item = {0};
	const char *fault;

	if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
		reader_error(&g->r, line, "items", "each is a group, { }");
		return;
	}
	check_members(g, group);
	for (int i = 0; i < MEMBERS; i++) {
		s = config_setting_get_member(group, members[i]);
		if (s == NULL)
			reader_error(&g->r, line, "items", "\"%s\" is missing",
			    members[i]);
		else
			texts[i] = text_of(g, s, members[i]);
	}
	if (reader_errors(&g->r) != errors)
		return;
	item.id = texts[MEMBER_ID];
	item.title = texts[MEMBER_TITLE];
	if ((fault = parse_name(item.id)) != NULL)
		reader_error(&g->r, line, "id", "%s", fault);
	else if (is_known_id(own, item.id))
		reader_error(
		    &g->r, line, "id", "there are two \"%s\"", item.id);
	else if (demand_read(&g->r, item.id, line, texts[MEMBER_KEY],
		     texts[MEMBER_OPERATOR],
		     config_setting_get_member(group, "value"), &item.demand))
		own->items[own->count++] = item;
}

static void
read_items(struct reading *g, const config_setting_t *list)
{
	int type = config_setting_type(list);
	int count = config_setting_length(list);
	unsigned line = (unsigned)config_setting_source_line(list);

	if (type != CONFIG_TYPE_LIST || count == 0 || count > OWN_ITEMS_MAX) {
		reader_error(&g->r, line, "items",
		    "a list of 1 to %d groups is expected, ( { }, { } )",
		    OWN_ITEMS_MAX);
		return;
	}
	g->own->items =
	    arena_array(g->r.arena, (size_t)count, sizeof(*g->own->items));
	for (int i = 0; i < count; i++)
		read_item(g, config_setting_get_elem(list, (unsigned)i));
}

static void
read_file(struct reading *g, const config_setting_t *root)
{
	bool items = false;

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s =
		    config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s);

		if (strcmp(name, "title") == 0) {
			g->own->title = text_of(g, s, name);
		} else if (strcmp(name, "items") == 0) {
			items = true;
			read_items(g, s);
		} else {
			reader_error(&g->r,
			    (unsigned)config_setting_source_line(s), name,
			    "unknown key; there are title and items");
		}
	}
	if (!items)
		problem_error(
		    g->r.problems, g->r.file, 1, "\"items\" is missing");
}

int
own_parse(const struct bundle_file *file, struct own_items *own,
    struct problems *problems)
{
	struct reading g = {.own = own, .r = {.problems = problems}};
	size_t errors = problems->errors;
	struct scan scan;
	config_t parsed;

	*own = (struct own_items){.arena = arena_new()};
	own->file = g.r.file = arena_strdup(own->arena, file->path);
	g.r.arena = own->arena;
	scan_file(file, &scan, problems);
	g.r.scan = &scan;
	config_init(&parsed);
	if (!scan.hopeless) {
		if (config_read_string(&parsed, scan.text) == CONFIG_TRUE)
			read_file(&g, config_root_setting(&parsed));
		else
			problem_error(problems, file->path,
			    (unsigned)config_error_line(&parsed), "%s",
			    config_error_text(&parsed));
	}
	config_destroy(&parsed);
	scan_free(&scan);
	if (problems->errors == errors)
		return 0;
	own_free(own);
	return E_VALUE;
}

int
own_read(const char *path, struct own_items *own, struct problems *problems)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct bundle bundle = {0};
	struct buf bytes;
	struct stat st;
	int err = E_SYSTEM;

	buf_init(&bytes, CONFIG_FILE_MAX);
	if (fd < 0 || fstat(fd, &st) != 0)
		problem_error(problems, path, 0, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		problem_error(problems, path, 0, "is not a regular file");
	else if ((err = safefile_read_fd(fd, CONFIG_FILE_MAX, &bytes)) != 0)
		problem_error(problems, path, 0, "%s", err_text(err));
	if (fd >= 0)
		close(fd);
	if (err == 0)
		err = config_bundle_add(&bundle, path, bytes.data, bytes.len);
	if (err == 0)
		err = own_parse(&bundle.files[0], own, problems);
	config_bundle_free(&bundle);
	buf_free(&bytes);
	return err;
}

void
own_free(struct own_items *own)
{
	arena_free(own->arena);
	memset(own, 0, sizeof(*own));
}
