/*
 * A module's own words: to the administrator who loads it, and to the log, as
 * events of ours, so that each line has the log's format and the connection.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PIECE 240 /* of a line: a value has no more */

static struct problems *load_problems;
static const struct module_settings *load_settings;

void
host_problems_to(
    struct problems *problems, const struct module_settings *settings)
{
	load_problems = problems;
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

static const char *
module_name(const struct sallyport_login *login)
{
	const struct monitor *m = login == NULL ? NULL : login->m;

	if (m != NULL)
		return m->template->modules[m->auth->current].settings->name;
	return load_settings != NULL ? load_settings->name : "module";
}

static void
emit(const char *module, enum sallyport_log level, const char *line,
    const char *name, const struct audit_pairs *pairs)
{
	switch (level) {
	case SALLYPORT_LOG_ERROR:
		AUDIT(module_error, .module = module, .line = line,
		    .name = name, .values = pairs);
		break;
	case SALLYPORT_LOG_WARN:
		AUDIT(module_warning, .module = module, .line = line,
		    .name = name, .values = pairs);
		break;
	case SALLYPORT_LOG_VERBOSE:
	case SALLYPORT_LOG_DEBUG:
		AUDIT(module_detail, .module = module, .line = line,
		    .name = name, .values = pairs);
		break;
	default:
		AUDIT(module_info, .module = module, .line = line, .name = name,
		    .values = pairs);
	}
}

static bool
is_wanted(enum sallyport_log level)
{
	static const int levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN,
	    LOG_LEVEL_INFO, LOG_LEVEL_VERBOSE, LOG_LEVEL_DEBUG};

	return log_wants((unsigned)level < 5 ? levels[level] : LOG_LEVEL_INFO);
}

/* A long line in pieces; the first has the fields. */
static void
emit_pieces(const char *module, enum sallyport_log level, const char *text,
    const char *name, const struct audit_pairs *pairs)
{
	char piece[PIECE + 1];

	do {
		snprintf(piece, sizeof(piece), "%s", text);
		emit(module, level, piece, name, pairs);
		text += strlen(piece);
		pairs = NULL;
	} while (*text != '\0');
}

void SALLYPORT_FORMAT(3, 4) host_log(struct sallyport_login *login,
    enum sallyport_log level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list args;

	if (!is_wanted(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	emit_pieces(module_name(login), level, text, NULL, NULL);
}

static const struct sallyport_event *
events_of(const struct sallyport_module *module)
{
	return module->size < offsetof(struct sallyport_module, events) +
		    sizeof(module->events) ?
	    NULL :
	    module->events;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

/* The next name of the list, cut off; NULL at its end. */
static const char *
next_field(const char **list, char name[33])
{
	size_t len;

	*list += strspn(*list, " ");
	len = strcspn(*list, " ");
	if (len == 0)
		return NULL;
	snprintf(name, 33, "%.*s", (int)len, *list);
	*list += len;
	return name;
}

static const char *
event_fault(const struct sallyport_event *e)
{
	const char *list = e->fields == NULL ? "" : e->fields;
	size_t count = 0, len = strlen(e->name);
	char name[33];

	if (len == 0 || len > 64 || strspn(e->name, LETTERS ".-") != len)
		return "has no proper name";
	if ((unsigned)e->level > SALLYPORT_LOG_DEBUG)
		return "is of no level that this server knows";
	if (strspn(list, LETTERS " ") != strlen(list))
		return "has a field without a proper name";
	while (next_field(&list, name) != NULL)
		count++;
	return count > AUDIT_PAIRS_MAX ? "has too many fields" : NULL;
}

void
host_check_events(const struct sallyport_module *module,
    const struct module_settings *settings, struct problems *problems)
{
	const struct sallyport_event *e = events_of(module);
	const char *fault;

	for (; e != NULL && e->name != NULL; e++)
		if ((fault = event_fault(e)) != NULL)
			problem_error(problems, settings->origin.file,
			    settings->origin.line,
			    "module %s: its event \"%s\" %s", settings->name,
			    e->name, fault);
}

int SALLYPORT_FORMAT(4, 5) host_event(struct sallyport_login *login,
    const char *name, const char *const *values, const char *format, ...)
{
	const struct monitor *m = login->m;
	const struct sallyport_event *e =
	    events_of(m->template->modules[m->auth->current].module);
	char names[AUDIT_PAIRS_MAX][33], text[LOG_LINE_MAX];
	struct audit_pairs pairs = {0};
	const char *list;
	va_list args;

	while (e != NULL && e->name != NULL && strcmp(e->name, name) != 0)
		e++;
	if (e == NULL || e->name == NULL)
		return SALLYPORT_NOT_FOUND;
	list = e->fields == NULL ? "" : e->fields;
	while (pairs.count < AUDIT_PAIRS_MAX &&
	    next_field(&list, names[pairs.count]) != NULL) {
		pairs.names[pairs.count] = names[pairs.count];
		pairs.values[pairs.count] =
		    values == NULL ? NULL : values[pairs.count];
		pairs.count++;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	emit_pieces(module_name(login), e->level, text, e->name, &pairs);
	return SALLYPORT_OK;
}
