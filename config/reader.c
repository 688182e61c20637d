/*
 * Errors of the strict reading, with the setting's place.  For the loader's
 * parts; what the scan found in a line already is not said again.
 */
#include "config/reader.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdlib.h>

bool
reader_error(
    struct reader *r, unsigned line, const char *key, const char *format, ...)
{
	va_list args;
	char *text;

	if (r->scan != NULL && scan_is_fault(r->scan, line)) {
		r->left_out++;
		return false;
	}
	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	problem_error(r->problems, r->file, line, "%s: %s", key, text);
	free(text);
	return false;
}

size_t
reader_errors(const struct reader *r)
{
	return r->problems->errors + r->left_out;
}

struct origin
reader_origin(const struct reader *r, const config_setting_t *setting)
{
	struct origin origin;

	origin.file = r->file;
	origin.line = (unsigned)config_setting_source_line(setting);
	return origin;
}

void
value_default(struct arena *arena, const struct option *option, void *member)
{
	struct problems problems = {0};
	struct reader r = {
	    .arena = arena, .problems = &problems, .file = "default"};
	config_t parsed;
	char *text;

	if (option->fallback == NULL)
		return;
	text = mem_printf("v = %s;", option->fallback);
	config_init(&parsed);
	if (config_read_string(&parsed, text) == CONFIG_TRUE)
		(void)value_read(&r, option, option->name,
		    config_lookup(&parsed, "v"), member);
	config_destroy(&parsed);
	problems_free(&problems);
	free(text);
}
