/*
 * sallyportctl recordings prune: removes recordings by age and by size, and
 * nothing but recordings.  It looks at names, sizes and times alone, so that
 * root reads nothing that a user had a hand in.
 */
#include "daemon/ctl/recordings/prune.h"

#include "daemon/ctl/record.h"
#include "daemon/ctl/recordings/choose.h"
#include "daemon/ctl/recordings/note.h"
#include "daemon/ctl/when.h"
#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recording without an end is left alone so long after its last byte, when
 * no server says whether it goes on. */
#define QUIET_S 86400

struct candidate {
	char day[11], base[STORE_BASE_MAX];
	uint64_t bytes;
	time_t changed;
	bool ended; /* it has a manifest, or its connection is gone */
	bool remove;
};

struct pruning {
	struct recordings_options *o;
	struct choose_alive alive;
	struct candidate *items;
	size_t count;
	struct records told;
	int status;
};

static bool
take(const struct stored *s, void *arg)
{
	struct pruning *p = arg;
	struct candidate *c;
	uint64_t bytes;
	time_t changed;

	p->items = mem_grow(p->items, p->count + 1, sizeof(*p->items));
	c = &p->items[p->count];
	memset(c, 0, sizeof(*c));
	if (!store_look(s, STORE_CAST, &c->bytes, &c->changed))
		return false;
	snprintf(c->day, sizeof(c->day), "%s", s->day);
	snprintf(c->base, sizeof(c->base), "%s", s->base);
	c->ended = store_look(s, STORE_MANIFEST, &bytes, &changed);
	if (c->ended)
		c->bytes += bytes;
	else if (p->alive.known)
		c->ended = !choose_is_alive(&p->alive, s->base);
	else
		c->ended = time(NULL) - c->changed > QUIET_S;
	p->count++;
	return false;
}

static int
by_age(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->changed < y->changed ? -1 :
	    x->changed > y->changed    ? 1 :
					 strcmp(x->base, y->base);
}

static void
judge(struct pruning *p)
{
	time_t oldest = time(NULL) - (time_t)p->o->older_than;
	uint64_t total = 0;

	qsort(p->items, p->count, sizeof(*p->items), by_age);
	for (size_t i = 0; i < p->count; i++) {
		struct candidate *c = &p->items[i];

		c->remove =
		    c->ended && p->o->older_than > 0 && c->changed < oldest;
		total += c->remove ? 0 : c->bytes;
	}
	/* The oldest go first. */
	for (size_t i = 0;
	     p->o->has_max_total && i < p->count && total > p->o->max_total;
	     i++) {
		struct candidate *c = &p->items[i];

		if (!c->remove && c->ended) {
			c->remove = true;
			total -= c->bytes;
		}
	}
}

static void
tell(struct pruning *p, const struct candidate *c)
{
	record_begin(&p->told);
	record_text(&p->told, "id", c->base);
	record_text(&p->told, "day", c->day);
	record_number(&p->told, "bytes", c->bytes);
	record_number(&p->told, "changed", (uint64_t)c->changed);
	record_bool(&p->told, "removed", !p->o->dry_run);
	if (p->o->ctl->json)
		return;
	printf("%s/%s: %" PRIu64 " bytes, last changed ", c->day, c->base,
	    c->bytes);
	when_print((uint64_t)c->changed);
	puts(p->o->dry_run ? ", would be removed" : ", removed");
}

/* The recording's own file last: what is cut short is found again. */
static int
remove_files(const struct stored *s)
{
	static const enum store_file order[] = {
	    STORE_SIGNATURE, STORE_MANIFEST, STORE_CAST};

	for (size_t i = 0; i < 3; i++)
		if (store_remove(s, order[i]) != 0 && errno != ENOENT)
			return ctl_fail(
			    "%s/%s: %s", s->day, s->base, strerror(errno));
	return CTL_OK;
}

static int
by_name(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int day = strcmp(x->day, y->day);

	return day != 0 ? day : strcmp(x->base, y->base);
}

static bool
remove_one(const struct stored *s, void *arg)
{
	struct pruning *p = arg;
	struct candidate wanted = {0}, *c;

	snprintf(wanted.day, sizeof(wanted.day), "%s", s->day);
	snprintf(wanted.base, sizeof(wanted.base), "%s", s->base);
	c = bsearch(&wanted, p->items, p->count, sizeof(*p->items), by_name);
	if (c == NULL || !c->remove)
		return false;
	if (!p->o->dry_run) {
		p->status = note_act(p->o, "prune", c->base);
		if (p->status == CTL_OK)
			p->status = remove_files(s);
	}
	if (p->status == CTL_OK)
		tell(p, c);
	return p->status != CTL_OK;
}

int
prune_run(struct recordings_options *o)
{
	struct pruning p = {.o = o};

	if (o->name_count > 0 || (o->older_than == 0 && !o->has_max_total))
		return ctl_usage(
		    o->ctl, "--older-than or --max-total is expected");
	choose_ask_alive(o, &p.alive);
	if (choose_walk(o, 0, take, &p) != 0) {
		p.status = ctl_fail("%s: %s", o->directory, strerror(errno));
	} else {
		judge(&p);
		qsort(p.items, p.count, sizeof(*p.items), by_name);
		(void)choose_walk(o, 0, remove_one, &p);
		if (!o->dry_run)
			store_tidy(o->directory);
	}
	if (o->ctl->json && p.status == CTL_OK)
		records_json(&p.told, false, stdout);
	records_free(&p.told);
	choose_free_alive(&p.alive);
	free(p.items);
	return p.status;
}
