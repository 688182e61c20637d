/*
 * Opens modules in children, to see what they are.
 */
#include "modules/host/probe.h"

#include "lib/mem.h"
#include "lib/rd.h"
#include "modules/host/child.h"
#include "modules/host/helpers.h"
#include "modules/host/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (64 * 1024)
#define TEXT_MAX   4096

unsigned
probe_seconds(const struct config *config)
{
	return config->deadlines.module == CONFIG_NONE ?
	    0 :
	    config->deadlines.module;
}

/* ---- a child's answer ---- */

void
probe_put_problems(const struct problems *problems, struct buf *out)
{
	buf_u32(out, (uint32_t)problems->count);
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];

		buf_text(out, p->file == NULL ? "" : p->file);
		buf_u32(out, p->line);
		buf_u8(out, p->severity == PROBLEM_ERROR);
		buf_text(out, p->text);
	}
}

void
probe_take_problems(struct rd *r, struct problems *problems)
{
	uint32_t count = rd_u32(r);

	for (uint32_t i = 0; i < count && r->err == 0; i++) {
		char *file = rd_strdup(r, TEXT_MAX);
		uint32_t line = rd_u32(r);
		bool error = rd_bool(r);
		char *text = rd_strdup(r, TEXT_MAX);

		if (error)
			problem_error(problems, file[0] == '\0' ? NULL : file,
			    line, "%s", text);
		else
			problem_warning(problems, file[0] == '\0' ? NULL : file,
			    line, "%s", text);
		free(file);
		free(text);
	}
}

/* ---- the child ---- */

struct looking {
	const struct config *config;
	const struct module_settings *settings;
};

static void
tell(const struct sallyport_module *module, struct probe *told)
{
	size_t used = 0;

	snprintf(told->name, sizeof(told->name), "%s", module->name);
	told->account = module->account != NULL;
	for (size_t i = 0; module->authenticate != NULL &&
	     module->methods[i] != NULL && used < sizeof(told->methods);
	     i++)
		used += (size_t)snprintf(&told->methods[used],
		    sizeof(told->methods) - used, "%s\n", module->methods[i]);
}

/* Defaults of options that have one name. */
static void
put_defaults(const struct sallyport_option *row, struct buf *out)
{
	for (; row != NULL && row->name != NULL; row++) {
		if (row->fallback == NULL || row->fallback[0] == '\0' ||
		    strchr(row->name, '*') != NULL)
			continue;
		buf_u8(out, 1);
		buf_text(out, row->name);
		buf_text(out, row->fallback);
	}
	buf_u8(out, 0);
}

static void
look(void *arg, struct buf *out)
{
	const struct looking *l = arg;
	const struct host_loading how = {
	    .directory = l->config->module_directory};
	struct problems problems = {0};
	struct probe told = {.settings = NULL};
	struct hosted h = {.module = NULL};

	if (host_load_one(l->settings, &how, &h, &problems) == 0) {
		tell(h.module, &told);
		told.helper = host_has_helper(&h);
	}
	buf_bytes(out, &told, sizeof(told));
	probe_put_problems(&problems, out);
	put_defaults(h.module == NULL ? NULL : h.module->options, out);
}

/* ---- the parent ---- */

static void
free_defaults(struct pairs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].key);
		free(list->items[i].value);
	}
	free(list->items);
}

static bool
has_account(const struct probes *p, const struct config *config,
    const struct module_settings *settings, struct problems *problems)
{
	const struct module_settings **before =
	    mem_array(p->count + 1, sizeof(*before));
	size_t errors = problems->errors, n = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].helper)
			before[n++] = p->items[i].settings;
	host_check_helper(config, settings, before, n, problems);
	free(before);
	return problems->errors == errors;
}

static void
take_defaults(struct rd *r, struct pairs *list)
{
	while (rd_u8(r) != 0 && r->err == 0) {
		list->items = mem_grow(
		    list->items, list->count + 1, sizeof(*list->items));
		list->items[list->count++] =
		    (struct pair){.key = rd_strdup(r, TEXT_MAX),
			.value = rd_strdup(r, TEXT_MAX)};
	}
}

static bool
take(const struct buf *answer, struct probe *told, struct problems *problems)
{
	size_t errors = problems->errors;
	struct rd r;

	if (answer->len < sizeof(*told))
		return false;
	/* Code of the module has run in the child: believe no pointer, and no
	 * end of a text. */
	memcpy(told, answer->data, sizeof(*told));
	told->name[sizeof(told->name) - 1] = '\0';
	told->methods[sizeof(told->methods) - 1] = '\0';
	memset(&told->defaults, 0, sizeof(told->defaults));
	rd_init(&r, &answer->data[sizeof(*told)], answer->len - sizeof(*told));
	probe_take_problems(&r, problems);
	take_defaults(&r, &told->defaults);
	return rd_end(&r) == 0 && problems->errors == errors;
}

bool
probe_add(struct probes *p, const struct config *config,
    const struct module_settings *settings, struct problems *problems)
{
	struct looking looking = {.config = config, .settings = settings};
	struct probe told = {.settings = settings};
	struct buf answer;
	char how[256];
	bool good = false;

	buf_init(&answer, ANSWER_MAX);
	if (child_run(look, &looking, probe_seconds(config), &answer, how,
		sizeof(how)) != 0)
		problem_error(problems, settings->origin.file,
		    settings->origin.line,
		    "module %s: the start of its library %s", settings->name,
		    how);
	else
		good = take(&answer, &told, problems);
	buf_free(&answer);
	if (!good ||
	    (told.helper && !has_account(p, config, settings, problems))) {
		free_defaults(&told.defaults);
		return false;
	}
	told.settings = settings;
	p->items = mem_grow(p->items, p->count + 1, sizeof(told));
	p->items[p->count++] = told;
	return true;
}

static bool
has_line(const char *lines, const char *line)
{
	size_t len = strlen(line);

	for (; *lines != '\0'; lines += strcspn(lines, "\n") + 1)
		if (strncmp(lines, line, len) == 0 && lines[len] == '\n')
			return true;
	return false;
}

bool
probe_serves(const struct probes *p, const char *name, const char *method)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct probe *o = &p->items[i];

		if ((name == NULL || strcmp(o->settings->name, name) == 0) &&
		    has_line(o->methods, method))
			return true;
	}
	return false;
}

static const char *
find_value(const struct pairs *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].key, name) == 0)
			return list->items[i].value;
	return NULL;
}

const char *
probe_option(const struct probe *p, const char *name)
{
	const char *value = find_value(&p->settings->options, name);

	return value != NULL ? value : find_value(&p->defaults, name);
}

void
probes_free(struct probes *p)
{
	for (size_t i = 0; i < p->count; i++)
		free_defaults(&p->items[i].defaults);
	free(p->items);
	memset(p, 0, sizeof(*p));
}
