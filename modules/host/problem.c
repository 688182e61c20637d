/*
 * A module's complaints while it loads, to the administrator.
 */
#include "modules/host/problem.h"

#include <stdarg.h>
#include <stdio.h>

static struct problems *load_problems;
static const struct module_settings *load_settings;
static const struct host_calls *load_calls;

void
host_problems_to(struct problems *problems,
    const struct module_settings *settings, const struct host_calls *calls)
{
	load_problems = problems;
	load_calls = calls;
	load_settings = settings;
}

void SALLYPORT_FORMAT(2, 3) host_problem(
    const struct sallyport_setting *setting, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (load_problems == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (setting != NULL)
		problem_error(load_problems, setting->file, setting->line,
		    "%s: %s", setting->name, text);
	else
		problem_error(load_problems, load_settings->origin.file,
		    load_settings->origin.line, "module %s: %s",
		    load_settings->name, text);
}

const char *
host_loading_name(void)
{
	return load_settings != NULL ? load_settings->name : "module";
}

const struct host_calls *
host_loading_calls(void)
{
	return load_calls;
}
