/*
 * Shows the grants that each rule results in for all users that it lets in,
 * with the guards that match every one of them and the overlays that may apply.
 */
#include "daemon/ctl/show_effective.h"

#include "config/compliance/standing.h"
#include "config/options.h"
#include "daemon/ctl/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct showing {
	const struct ctl *ctl;
	int argc;
	char **argv;
	bool defaults;
	size_t shown;
};

static bool
is_wanted(const struct showing *v, const char *name)
{
	for (int i = 0; i < v->argc; i++)
		if (strcmp(v->argv[i], name) == 0)
			return true;
	return v->argc == 0;
}

static void
text_grant(const char *name, const char *value, const char *kind,
    const struct rule *setter, const struct origin *origin)
{
	printf("  %s = %s;", name, value);
	if (setter != NULL && strcmp(kind, "rule") != 0)
		printf("\t# %s %s, %s:%u\n", kind, setter->name, origin->file,
		    origin->line);
	else if (origin->line != 0)
		printf("\t# %s:%u\n", origin->file, origin->line);
	else
		fputs("\t# default\n", stdout);
}

static void
json_grant(const char *name, const char *value, const char *kind,
    const struct rule *setter, const struct origin *origin, bool first)
{
	fputs(first ? "" : ", ", stdout);
	json_text(name, stdout);
	fputs(": {\"value\": ", stdout);
	json_text(value, stdout);
	if (setter != NULL) {
		printf(", \"%s\": ", kind);
		json_text(setter->name, stdout);
	}
	if (origin->line != 0) {
		fputs(", \"file\": ", stdout);
		json_text(origin->file, stdout);
		printf(", \"line\": %u", origin->line);
	}
	putchar('}');
}

/* A value in layers has several origins: returns the last that is in a file. */
static struct origin
origin_of(const struct decision *d, enum grant grant)
{
	const struct layers *layers = decision_layers(d, grant);
	struct origin origin = d->grants.origins[grant];

	for (size_t i = 0; layers != NULL && i < layers->count; i++)
		if (layers->items[i].origin.line != 0)
			origin = layers->items[i].origin;
	return origin;
}

static void
show_grants(const struct showing *v, const struct standing *s)
{
	bool first = true;

	for (enum grant g = 0; g < GRANT_COUNT; g++) {
		struct origin origin = origin_of(s->d, g);
		const struct rule *setter;
		const char *kind;
		char *value;

		if (standing_is_door(g) || (origin.line == 0 && !v->defaults))
			continue;
		value = standing_value(s, g);
		setter = standing_setter(s, g, &origin, &kind);
		if (v->ctl->json)
			json_grant(option_of_grant(g)->name, value, kind,
			    setter, &origin, first);
		else
			text_grant(option_of_grant(g)->name, value, kind,
			    setter, &origin);
		free(value);
		first = false;
	}
}

static void
show_standing(const struct standing *s, void *context)
{
	struct showing *v = context;

	if (!is_wanted(v, s->rule->name))
		return;
	if (v->ctl->json) {
		fputs(v->shown > 0 ? ",\n\t{\"rule\": " : "\n\t{\"rule\": ",
		    stdout);
		json_text(s->rule->name, stdout);
		if (s->overlay != NULL) {
			fputs(", \"overlay\": ", stdout);
			json_text(s->overlay->name, stdout);
		}
		fputs(", \"grants\": {", stdout);
	} else {
		printf("%srule %s%s%s:\n", v->shown > 0 ? "\n" : "",
		    s->rule->name, s->overlay != NULL ? " with overlay " : "",
		    s->overlay != NULL ? s->overlay->name : "");
	}
	show_grants(v, s);
	fputs(v->ctl->json ? "}}" : "", stdout);
	v->shown++;
}

static bool
is_rule(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->rule_count; i++)
		if (strcmp(c->rules[i].name, name) == 0)
			return true;
	return false;
}

int
show_effective(const struct ctl *ctl, const struct config *config, int argc,
    char **argv, bool defaults)
{
	struct showing v = {ctl, argc, argv, defaults, 0};

	for (int i = 0; i < argc; i++)
		if (!is_rule(config, argv[i]))
			return ctl_fail("%s: no such rule", argv[i]);
	if (ctl->json)
		putchar('[');
	standings_walk(config, STANDING_RULES, show_standing, &v);
	if (ctl->json)
		fputs("\n]\n", stdout);
	return CTL_OK;
}
