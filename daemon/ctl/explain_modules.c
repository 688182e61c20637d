/*
 * The modules of a configuration, each as it would serve: its options, those
 * that are not set with their defaults, and what it says of itself when it
 * has loaded.  Each in a child.
 */
#include "daemon/ctl/explain.h"

#include "config/module_options.h"
#include "daemon/ctl/child.h"
#include "daemon/ctl/ctl.h"
#include "daemon/ctl/module.h"
#include "daemon/ctl/record.h"
#include "lib/mem.h"

#include <stdarg.h>
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

static void SALLYPORT_FORMAT(2, 3)
    problem(const struct sallyport_setting *setting, const char *format, ...)
{
	va_list args;
	char *text, *line;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	line = setting == NULL ?
	    mem_printf("cannot be used: %s", text) :
	    mem_printf("cannot be used: %s:%u: %s: %s", setting->file,
		setting->line, setting->name, text);
	add_line(IS_TEXT, line);
	free(line);
	free(text);
}

static void SALLYPORT_FORMAT(3, 4) no_log(struct sallyport_login *login,
    enum sallyport_log level, const char *format, ...)
{
	(void)login;
	(void)level;
	(void)format;
}

static void
print_line(void *to, const char *line)
{
	(void)to;
	add_line(IS_TEXT, line);
}

struct describing {
	const struct module_settings *settings;
	const char *path;
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

/* load() calls nothing else of the host. */
static const struct sallyport_host host = {.abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_host),
    .problem = problem,
    .log = no_log};

static void
describe(void *arg, struct buf *out)
{
	const struct describing *d = arg;
	struct problems problems = {0};
	const struct sallyport_module *module;
	struct sallyport_setting *settings;
	char why[512], *line;
	void *state = NULL;
	size_t count;
	int err = 0;

	lines = out;
	if ((module = module_link(d->path, why, sizeof(why))) == NULL) {
		print_line(NULL, why);
		return;
	}
	tell_options(d->settings, module->options);
	if (module->size >= offsetof(struct sallyport_module, helper) +
		    sizeof(module->helper) &&
	    module->helper != NULL) {
		line = mem_printf("a helper process, as %s (not started here)",
		    d->settings->helper_user);
		print_line(NULL, line);
		free(line);
	}
	module_options_check(module->options, d->settings, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		line = problem_line(&problems.items[i]);
		print_line(NULL, line);
		free(line);
	}
	if (problems.errors > 0 || module->describe == NULL)
		return;
	settings =
	    module_settings_make(module->options, d->settings, NULL, &count);
	if (module->load != NULL)
		err = module->load(&host, settings, count, &state);
	if (err != 0)
		return;
	module->describe(state, print_line, NULL);
	if (module->unload != NULL)
		module->unload(state);
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
		struct describing d = {.settings = &config->modules[i]};
		char *path = module_path(config, d.settings), why[256];
		struct buf answer;

		d.path = path;
		buf_init(&answer, LINES_MAX);
		if (child_run(describe, &d, module_seconds(config), &answer,
			why, sizeof(why)) != 0) {
			buf_clear(&answer);
			lines = &answer;
			add_line(IS_TEXT, why);
		}
		if (json && i > 0)
			putchar(',');
		print_module(d.settings, &answer, json);
		buf_free(&answer);
		free(path);
	}
}
