/*
 * The modules of a configuration, each as it would serve: its options, those
 * that are not set with their defaults, and what it says of itself when it
 * has loaded.  Each in a child.
 */
#include "daemon/ctl/explain.h"

#include "daemon/ctl/ctl.h"
#include "daemon/ctl/record.h"
#include "lib/mem.h"
#include "modules/host/child.h"
#include "modules/host/probe.h"
#include "modules/host/services.h"
#include "modules/host/table.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX (64 * 1024)
/* The first byte of each line of the child's answer. */
#define IS_OPTION  '='
#define IS_DEFAULT '-'
#define IS_TEXT	   '"'

/* In the child: where its lines go, and what load() complained of. */
static struct buf *lines;

static void
add_line(char kind, const char *text)
{
	buf_u8(lines, (uint8_t)kind);
	for (; *text != '\0'; text++)
		buf_u8(lines, *text == '\n' ? ' ' : (uint8_t)*text);
	buf_u8(lines, '\n');
}

static void
print_line(void *to, const char *line)
{
	(void)to;
	add_line(IS_TEXT, line);
}

struct describing {
	const struct config *config;
	const struct module_settings *settings;
};

static void
tell_options(
    const struct module_settings *settings, const struct sallyport_option *row)
{
	char *line;

	for (size_t i = 0; i < settings->options.count; i++) {
		const struct pair *p = &settings->options.items[i];

		line = mem_printf("%s = %s", p->key, p->value);
		add_line(IS_OPTION, line);
		free(line);
	}
	for (; row != NULL && row->name != NULL; row++) {
		bool set = row->fallback == NULL || row->fallback[0] == '\0' ||
		    strchr(row->name, '*') != NULL;

		for (size_t i = 0; i < settings->options.count; i++)
			set = set ||
			    strcmp(settings->options.items[i].key, row->name) ==
				0;
		if (set)
			continue;
		line = mem_printf("%s = %s", row->name, row->fallback);
		add_line(IS_DEFAULT, line);
		free(line);
	}
}

static void
add_problems(const struct problems *problems)
{
	char *line, *text;

	for (size_t i = 0; i < problems->count; i++) {
		line = problem_line(&problems->items[i]);
		text = mem_printf("cannot be used: %s", line);
		add_line(IS_TEXT, text);
		free(text);
		free(line);
	}
}

/* It has nothing to say beside describe(). */
static const struct host_calls calls;

static void
describe(void *arg, struct buf *out)
{
	const struct describing *d = arg;
	struct pairs services = host_services(d->config, d->settings->name);
	const struct host_loading how = {
	    .directory = d->config->module_directory,
	    .services = &services,
	    .calls = &calls};
	struct problems problems = {0};
	struct hosted h;
	char *line;

	lines = out;
	if (host_load_one(d->settings, &how, &h, &problems) != 0) {
		tell_options(d->settings, NULL);
		add_problems(&problems);
		return;
	}
	tell_options(d->settings, h.module->options);
	if (host_has_helper(&h)) {
		line = mem_printf("a helper process, as %s (not started here)",
		    d->settings->helper_user);
		add_line(IS_TEXT, line);
		free(line);
	}
	if (h.module->describe != NULL)
		h.module->describe(h.state, print_line, NULL);
	host_unload_one(&h);
}

static void
print_text(const char *text, size_t len, bool json, FILE *out)
{
	char *line = mem_strndup(text, len);

	if (json)
		json_text(line, out);
	else
		plain_text(line, out);
	free(line);
}

/* The lines of one kind, as a list in JSON. */
static void
print_kind(const struct buf *b, char kind, const char *after, bool json)
{
	const char *at = (const char *)b->data, *end = at + b->len;
	bool first = true;

	while (at < end) {
		size_t len = (size_t)((const char *)memchr(
					  at, '\n', (size_t)(end - at)) -
		    at);

		if (*at == kind) {
			fputs(!json ? "    " : first ? "" : ",", stdout);
			print_text(&at[1], len - 1, json, stdout);
			fputs(json ? "" : after, stdout);
			first = false;
		}
		at += len + 1;
	}
}

static void
print_module(
    const struct module_settings *settings, const struct buf *b, bool json)
{
	if (!json) {
		fputs("module ", stdout);
		plain_text(settings->name, stdout);
		putchar('\n');
		print_kind(b, IS_OPTION, "\n", false);
		print_kind(b, IS_DEFAULT, " (default)\n", false);
		print_kind(b, IS_TEXT, "\n", false);
		return;
	}
	fputs("{\"name\":", stdout);
	json_text(settings->name, stdout);
	fputs(",\"options\":[", stdout);
	print_kind(b, IS_OPTION, "", true);
	fputs("],\"defaults\":[", stdout);
	print_kind(b, IS_DEFAULT, "", true);
	fputs("],\"text\":[", stdout);
	print_kind(b, IS_TEXT, "", true);
	fputs("]}", stdout);
}

void
explain_modules(const struct config *config, bool json)
{
	for (size_t i = 0; i < config->module_count; i++) {
		struct describing d = {
		    .config = config, .settings = &config->modules[i]};
		struct buf answer;
		char why[256];

		buf_init(&answer, LINES_MAX);
		if (child_run(describe, &d, probe_seconds(config), &answer, why,
			sizeof(why)) != 0) {
			buf_clear(&answer);
			lines = &answer;
			add_line(IS_TEXT, why);
		}
		if (json && i > 0)
			putchar(',');
		print_module(d.settings, &answer, json);
		buf_free(&answer);
	}
}
