/*
 * The chain engine, for the monitor's on_auth.c.  It trusts neither the
 * client (which picks methods in any order) nor a module (which may return
 * any number): only one exact verdict moves a chain, and only its next step.
 */
#include "daemon/monitor/chain.h"

#include <stdio.h>
#include <string.h>

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool
same_step(const struct chain_step *a, const struct chain_step *b)
{
	return same_text(a->method, b->method) &&
	    same_text(a->module, b->module) &&
	    same_text(a->service, b->service);
}

static bool
chain_is_served(const struct chain_walk *w, const struct chain *chain)
{
	if (chain->count == 0 || chain->count > CHAIN_STEPS_MAX)
		return false;
	for (size_t i = 0; i < chain->count; i++)
		if (w->serves != NULL && !w->serves(&chain->steps[i], w->arg))
			return false;
	return true;
}

void
chain_continue(struct chain_walk *w, const struct chain *chains, size_t count)
{
	w->count = 0;
	for (size_t i = 0; i < count && w->count < CHAIN_WALKS_MAX; i++) {
		if (!chain_is_served(w, &chains[i]))
			continue;
		w->walks[w->count].chain = &chains[i];
		w->walks[w->count].position = 0;
		w->count++;
	}
}

void
chain_begin(struct chain_walk *w, const struct chain *chains, size_t count,
    bool hopeless, chain_serves *serves, void *arg)
{
	memset(w, 0, sizeof(*w));
	w->hopeless = hopeless;
	w->serves = serves;
	w->arg = arg;
	chain_continue(w, chains, count);
}

/* The step that a chain waits for; NULL when it is complete. */
static const struct chain_step *
next_step(const struct chain_walk *w, size_t i)
{
	const struct chain *chain = w->walks[i].chain;

	return w->walks[i].position < chain->count ?
	    &chain->steps[w->walks[i].position] :
	    NULL;
}

size_t
chain_steps(const struct chain_walk *w, const char *method,
    const struct chain_step **steps, size_t max)
{
	size_t found = 0, j;

	for (size_t i = 0; i < w->count && found < max; i++) {
		const struct chain_step *step = next_step(w, i);

		if (step == NULL || strcmp(step->method, method) != 0)
			continue;
		for (j = 0; j < found && !same_step(steps[j], step); j++)
			;
		if (j == found)
			steps[found++] = step;
	}
	return found;
}

bool
chain_key_used(const struct chain_walk *w, const char *key)
{
	for (size_t i = 0; i < w->key_count; i++)
		if (strcmp(w->keys[i], key) == 0)
			return true;
	return false;
}

/* Remember the key; false if it has counted already or is not to be had. */
static bool
spend_key(struct chain_walk *w, const char *key)
{
	if (key == NULL)
		return true;
	if (chain_key_used(w, key) || w->key_count == CHAIN_STEPS_MAX ||
	    strlen(key) >= sizeof(w->keys[0]))
		return false;
	strcpy(w->keys[w->key_count++], key);
	return true;
}

static void
note_done(
    struct chain_walk *w, const struct chain_step *step, const char *module)
{
	char *text = w->texts[w->done_count];
	const char *name = module != NULL ? module : step->module;

	snprintf(text, sizeof(w->texts[0]), "%s%s%s%s%s", step->method,
	    name == NULL ? "" : ":", name == NULL ? "" : name,
	    step->service == NULL ? "" : "/",
	    step->service == NULL ? "" : step->service);
	w->methods[w->done_count] = step->method;
	w->done[w->done_count++] = text;
}

enum chain_result
chain_judge(struct chain_walk *w, const struct chain_step *step,
    enum sallyport_verdict verdict, const char *module, const char *key)
{
	bool advanced = false, complete = false;

	if (verdict != SALLYPORT_ALLOW || w->hopeless ||
	    w->done_count == CHAIN_STEPS_MAX)
		return CHAIN_REFUSED;
	for (size_t i = 0; i < w->count; i++) {
		const struct chain_step *next = next_step(w, i);

		if (next == NULL || !same_step(next, step))
			continue;
		if (!advanced && !spend_key(w, key))
			return CHAIN_REFUSED;
		advanced = true;
		w->walks[i].position++;
		if (next_step(w, i) == NULL)
			complete = true;
	}
	if (!advanced)
		return CHAIN_REFUSED;
	note_done(w, step, module);
	return complete ? CHAIN_COMPLETE : CHAIN_MORE;
}

static bool
list_has(const char *list, const char *method)
{
	size_t len = strlen(method);

	for (const char *at = list; *at != '\0';
	     at += strcspn(at, ","), at += *at == ',')
		if (strncmp(at, method, len) == 0 &&
		    (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

char *
chain_methods(const struct chain_walk *w, char *list, size_t size)
{
	size_t used = 0;

	list[0] = '\0';
	for (size_t i = 0; i < w->count; i++) {
		const struct chain_step *step = next_step(w, i);
		size_t need;

		if (step == NULL || list_has(list, step->method))
			continue;
		need = strlen(step->method) + (used > 0);
		if (used + need >= size)
			continue;
		snprintf(&list[used], size - used, "%s%s", used > 0 ? "," : "",
		    step->method);
		used += need;
	}
	return list;
}
