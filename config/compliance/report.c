/*
 * The answers to a benchmark's items: report.h.
 */
#include "config/compliance/report.h"

#include <stdlib.h>
#include <string.h>

const char *
item_status_text(enum item_status status)
{
	static const char *const texts[] = {[ITEM_PASS] = "pass",
	    [ITEM_FAIL] = "fail",
	    [ITEM_NOT_APPLICABLE] = "notapplicable"};

	return texts[status];
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_known(const struct item *item, const struct finding *f)
{
	for (size_t i = 0; i < item->finding_count; i++) {
		const struct finding *one = &item->findings[i];

		if (one->holds == f->holds && same(one->what, f->what) &&
		    same(one->value, f->value) && same(one->where, f->where) &&
		    same(one->setter, f->setter))
			return true;
	}
	return false;
}

static const char *
keep(struct arena *arena, const char *text)
{
	return text != NULL ? arena_strdup(arena, text) : NULL;
}

/* When the table is full, a failing finding replaces a passing one. */
static struct finding *
place_for(struct report *report, struct item *item, bool holds)
{
	size_t n = item->finding_count;

	if (n < FINDINGS_MAX) {
		item->findings = arena_grow(report->arena, item->findings, n,
		    n + 1, sizeof(*item->findings));
		item->finding_count++;
		return &item->findings[n];
	}
	item->more++;
	for (size_t i = 0; i < n && !holds; i++)
		if (item->findings[i].holds)
			return &item->findings[i];
	return NULL;
}

void
item_add(
    struct report *report, struct item *item, const struct finding *finding)
{
	struct finding *place;

	if (!finding->holds)
		item->status = ITEM_FAIL;
	if (is_known(item, finding) ||
	    (place = place_for(report, item, finding->holds)) == NULL)
		return;
	*place = *finding;
	place->what = keep(report->arena, finding->what);
	place->value = keep(report->arena, finding->value);
	place->where = keep(report->arena, finding->where);
	place->setter = keep(report->arena, finding->setter);
	place->origin.file = keep(report->arena, finding->origin.file);
}

void
report_free(struct report *report)
{
	if (report != NULL)
		arena_free(report->arena);
}
