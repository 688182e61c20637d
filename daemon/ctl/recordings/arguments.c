/*
 * The arguments of `sallyportctl recordings COMMAND`: arguments.h.
 */
#include "daemon/ctl/recordings/arguments.h"

#include "config/parse.h"
#include "daemon/ctl/recordings/choose.h"
#include "daemon/ctl/when.h"

#include <stdlib.h>
#include <string.h>

/* NULL, or what is expected in place of the value. */
typedef const char *take_fn(struct recordings_options *o, const char *value);

static const char *
take_user(struct recordings_options *o, const char *value)
{
	o->user = value;
	return NULL;
}

static const char *
take_rule(struct recordings_options *o, const char *value)
{
	o->rule = value;
	return NULL;
}

static const char *
take_source(struct recordings_options *o, const char *value)
{
	o->source = value;
	return NULL;
}

/* A moment, or so long ago. */
static const char *
take_moment(const char *value, time_t *when)
{
	uint64_t ago;

	if (parse_time(value, &ago) == NULL && strchr(value, ':') == NULL) {
		*when = time(NULL) - (time_t)ago;
		return NULL;
	}
	return when_parse(value, when) ? NULL :
					 "a time such as \"2026-11-21 08:30\", "
					 "or such as 7d for so long ago";
}

static const char *
take_since(struct recordings_options *o, const char *value)
{
	return take_moment(value, &o->since);
}

static const char *
take_until(struct recordings_options *o, const char *value)
{
	return take_moment(value, &o->until);
}

static const char *
take_running(struct recordings_options *o, const char *value)
{
	(void)value;
	o->running = true;
	return NULL;
}

static const char *
take_key(struct recordings_options *o, const char *value)
{
	return choose_keys(o, value) == CTL_OK ? NULL : "a file of public keys";
}

static const char *
take_speed(struct recordings_options *o, const char *value)
{
	char *end;

	o->speed = strtod(value, &end);
	return *value != '\0' && *end == '\0' && o->speed >= 0.01 &&
		o->speed <= 1000 ?
	    NULL :
	    "a number from 0.01 to 1000";
}

static const char *
take_idle(struct recordings_options *o, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (*value == '\0' || *end != '\0' || !(seconds >= 0) ||
	    seconds > 86400)
		return "seconds";
	o->idle = (uint64_t)(seconds * 1e6);
	return NULL;
}

static const char *
take_raw(struct recordings_options *o, const char *value)
{
	(void)value;
	o->raw = true;
	return NULL;
}

static const char *
take_case(struct recordings_options *o, const char *value)
{
	(void)value;
	o->ignore_case = true;
	return NULL;
}

static const char *
take_format(struct recordings_options *o, const char *value)
{
	o->format = value;
	return strcmp(value, "asciicast") == 0 || strcmp(value, "text") == 0 ||
		strcmp(value, "html") == 0 ?
	    NULL :
	    "asciicast, text or html";
}

static const char *
take_log(struct recordings_options *o, const char *value)
{
	o->log = value;
	return NULL;
}

static const char *
take_older(struct recordings_options *o, const char *value)
{
	return parse_time(value, &o->older_than) == NULL && o->older_than > 0 ?
	    NULL :
	    "a time such as 90d";
}

static const char *
take_total(struct recordings_options *o, const char *value)
{
	o->has_max_total = true;
	return parse_size(value, &o->max_total) == NULL ? NULL :
							  "a size such as 50G";
}

static const char *
take_dry(struct recordings_options *o, const char *value)
{
	(void)value;
	o->dry_run = true;
	return NULL;
}

static const char *
take_directory(struct recordings_options *o, const char *value)
{
	o->directory = value;
	return NULL;
}

static const struct {
	const char *name;
	unsigned of;
	bool has_value;
	take_fn *take;
} options[] = {
    {"--user", TAKE_FILTERS, true, take_user},
    {"--rule", TAKE_FILTERS, true, take_rule},
    {"--source", TAKE_FILTERS, true, take_source},
    {"--since", TAKE_FILTERS, true, take_since},
    {"--until", TAKE_FILTERS, true, take_until},
    {"--running", TAKE_RUNNING, false, take_running},
    {"--key", TAKE_KEYS, true, take_key},
    {"--speed", TAKE_PLAY, true, take_speed},
    {"--idle", TAKE_PLAY, true, take_idle},
    {"--raw", TAKE_RAW, false, take_raw},
    {"-i", TAKE_CASE, false, take_case},
    {"--format", TAKE_EXPORT, true, take_format},
    {"--log", TAKE_EXPORT, true, take_log},
    {"--older-than", TAKE_PRUNE, true, take_older},
    {"--max-total", TAKE_PRUNE, true, take_total},
    {"--dry-run", TAKE_PRUNE, false, take_dry},
    {"--directory", TAKE_DIRECTORY, true, take_directory},
};

static int
take_option(
    struct recordings_options *o, int argc, char **argv, int *at, unsigned take)
{
	const char *name = argv[*at], *expected;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, name) != 0 ||
		    (options[i].of & take) == 0)
			continue;
		if (options[i].has_value && *at + 1 == argc)
			return ctl_usage(o->ctl, "%s needs a value", name);
		*at += options[i].has_value;
		expected = options[i].take(o, argv[*at]);
		return expected == NULL ?
		    CTL_OK :
		    ctl_usage(o->ctl, "%s %s: %s is expected", name, argv[*at],
			expected);
	}
	return ctl_usage(o->ctl, "no such option here: %s", name);
}

int
arguments_take(struct recordings_options *o, int argc, char **argv,
    unsigned take, bool text)
{
	bool only_names = false;
	int status;

	for (int i = 0; i < argc; i++) {
		if (!only_names && strcmp(argv[i], "--") == 0) {
			only_names = true;
		} else if (!only_names && argv[i][0] == '-') {
			status = take_option(o, argc, argv, &i, take);
			if (status != CTL_OK)
				return status;
		} else if (text && o->text == NULL) {
			o->text = argv[i];
		} else if (o->name_count == RECORDINGS_NAMES_MAX) {
			return ctl_usage(o->ctl, "too many names");
		} else {
			o->names[o->name_count++] = argv[i];
		}
	}
	return CTL_OK;
}
