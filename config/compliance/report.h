/*
 * A benchmark's items, each with its answer.
 */
#ifndef CONFIG_COMPLIANCE_REPORT_H
#define CONFIG_COMPLIANCE_REPORT_H

#include "config/arena.h"
#include "config/bundle.h"
#include "config/compliance/demand.h"

#define FINDINGS_MAX 12 /* of an item that are kept; more are counted */

enum item_status { ITEM_PASS, ITEM_FAIL, ITEM_NOT_APPLICABLE, ITEM_STATUSES };

/* One value that was looked at. */
struct finding {
	const char *what; /* "idle_timeout", "/etc/sallyport" */
	const char *value; /* "600", "root:root 0600" */
	const char *where; /* "rule users", "listener main", "" */
	const char *setter; /* "guard cis"; NULL: where says it */
	struct origin origin; /* line 0: a default, or no line */
	bool holds;
};

struct item {
	const char *id;
	const char *severity; /* "level 1", "high"; "" */
	const char *title;
	enum item_status status;
	const char *asked; /* "idle_timeout <= 600" */
	struct finding *findings;
	size_t finding_count;
	size_t more; /* findings that are not kept */
	const char *change; /* that would pass; NULL: none in a file */
	/* Fixed by design, or why it has no meaning here; NULL: neither. */
	const char *reason;
	const char *proof; /* a manual page's section, or a test; NULL */
};

struct report {
	const char *name; /* "cis-debian12", or the file */
	const char *title;
	struct item *items;
	size_t count;
	size_t statuses[ITEM_STATUSES];
	struct arena *arena;
};

/* "pass", "fail", "notapplicable". */
const char *item_status_text(enum item_status status);

/*
 * Add what was seen; texts are copied.  The first that does not hold makes the
 * item fail.
 */
void item_add(
    struct report *report, struct item *item, const struct finding *finding);

void report_free(struct report *report);

#endif
