/*
 * Chooses the banner that a login is shown, by the same order as
 * daemon/monitor/auth_answer.c.
 */
#include "config/compliance/banner.h"

#include "config/options.h"

const char *
banner_at(const struct standing *s, size_t listener, struct origin *origin)
{
	const struct grants *g = &s->d->grants;
	const struct listener *l = &s->config->listeners[listener];
	const char *path = g->banner;

	if (g->origins[GRANT_banner].line != 0) {
		*origin = g->origins[GRANT_banner];
	} else if (l->sets_banner) {
		path = l->banner;
		*origin = l->origins[option_find(SECTION_LISTENER, "banner") -
		    options];
		if (origin->line == 0)
			*origin = l->origin;
	} else {
		*origin =
		    s->config->origins[option_find(SECTION_SERVER, "banner") -
			options];
	}
	/* A rule's "" or "none" is no banner. */
	return path != NULL && path[0] != '\0' ? path : NULL;
}
