/*
 * The grants of a decision as text: for tests of a policy and comparisons.
 */
#include "config/policy/granted.h"

#include "config/policy/match.h"
#include "config/show.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

char *
granted_value_text(const struct option *option, const void *member)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return mem_strdup("?");
	show_value(out, option, member, SHOW_CONFIG);
	fclose(out);
	return text;
}

/* A list that allows everything, or the one that nobody set. */
static bool
is_open_list(
    const struct option *option, const struct layer_list *l, const char *text)
{
	return l->origin.line == 0 || strcmp(text, "[\"*\"]") == 0 ||
	    (option->fallback != NULL && strcmp(text, option->fallback) == 0);
}

/* Twice the same list allows what it does once. */
static bool
stands_before(const struct option *option, const struct layers *layers,
    size_t before, const char *text)
{
	bool found = false;
	char *one;

	for (size_t i = 0; i < before && !found; i++) {
		one = granted_value_text(option, layers->items[i].list);
		found = strcmp(one, text) == 0;
		free(one);
	}
	return found;
}

/* Lists must all allow: an empty one leaves nothing. */
static bool
is_closed(const struct layers *layers, enum grant grant)
{
	if (grant == GRANT_deny_users || grant == GRANT_deny_groups ||
	    grant == GRANT_key_revoked || grant == GRANT_channel_timeouts)
		return false;
	for (size_t i = 0; i < layers->count; i++)
		/* Every kind of list begins alike. */
		if (((const struct strings *)layers->items[i].list)->count == 0)
			return true;
	return false;
}

char *
granted_text(const struct decision *d, const struct option *option)
{
	enum grant grant = (enum grant)option->grant;
	const struct layers *layers = decision_layers(d, grant);
	char *text = NULL, *one, *both;
	size_t i;

	if (layers == NULL || layers->count == 0)
		return granted_value_text(
		    option, (const char *)&d->grants + option->offset);
	if (is_closed(layers, grant))
		return mem_strdup("[]");
	for (i = 0; i < layers->count; i++) {
		one = granted_value_text(option, layers->items[i].list);
		if (is_open_list(option, &layers->items[i], one) ||
		    stands_before(option, layers, i, one)) {
			free(one);
			continue;
		}
		both = text == NULL ?
		    mem_strdup(one) :
		    mem_printf("%s and also in %s", text, one);
		free(text);
		free(one);
		text = both;
	}
	return text != NULL ? text :
			      granted_value_text(option, layers->items[0].list);
}
