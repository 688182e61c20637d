/*
 * A file of the site's own items:
 *
 *	title = "Our rules";
 *	items = ( { id = "O-1"; title = "Idle sessions end";
 *	    key = "idle_timeout"; operator = "<="; value = "10m"; } );
 */
#ifndef CONFIG_COMPLIANCE_OWN_H
#define CONFIG_COMPLIANCE_OWN_H

#include "config/arena.h"
#include "config/bundle.h"
#include "config/compliance/demand.h"

#define OWN_ITEMS_MAX 512

struct own_item {
	char *id;
	char *title;
	struct demand demand;
};

struct own_items {
	char *title; /* NULL: it says none */
	const char *file;
	struct own_item *items;
	size_t count;
	struct arena *arena;
};

/*
 * Any bytes.  0, and *own is for own_free(); or E_VALUE, with every error in
 * problems.
 */
int own_parse(const struct bundle_file *file, struct own_items *own,
    struct problems *problems);

/* The same of a file on disk, of whatever owner: nothing acts on it. */
int own_read(
    const char *path, struct own_items *own, struct problems *problems);

void own_free(struct own_items *own);

#endif
