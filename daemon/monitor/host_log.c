/*
 * A module's own words in the log: events of ours, so that each line has the
 * log's format and the connection.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/log.h"

#include <stdio.h>
#include <string.h>

#define PIECE 240 /* of a line: a value has no more */

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

void
module_log(struct sallyport_login *login, const char *module,
    enum sallyport_log level, const char *text)
{
	(void)login;
	if (is_wanted(level))
		emit_pieces(module, level, text, NULL, NULL);
}

void
module_event(struct sallyport_login *login, const struct sallyport_event *event,
    const struct audit_pairs *values, const char *text)
{
	emit_pieces(login->module->settings->name, event->level, text,
	    event->name, values);
}
