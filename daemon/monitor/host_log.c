/*
 * A module's own words in the log: events of ours, so that each line has the
 * log's format and the connection.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/log.h"
#include "modules/host/events.h"
#include "modules/host/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PIECE 240 /* of a line: a value has no more */

static const char *
module_name(const struct sallyport_login *login)
{
	const struct monitor *m = login == NULL ? NULL : login->m;

	if (m != NULL)
		return m->template->modules[m->auth->current].settings->name;
	return host_loading_name();
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

int SALLYPORT_FORMAT(4, 5) host_event(struct sallyport_login *login,
    const char *name, const char *const *values, const char *format, ...)
{
	const struct monitor *m = login->m;
	const struct sallyport_event *e =
	    host_events(m->template->modules[m->auth->current].module);
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
	    host_event_field(&list, names[pairs.count]) != NULL) {
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
