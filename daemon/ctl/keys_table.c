/*
 * The table that monitors keep of what each key did, as a whole, and the
 * figures that `sallyportctl stats` has of it.
 */
#include "daemon/ctl/keys.h"

#include "daemon/ctl/ctl.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY LOCALSTATEDIR KEY_USES_DIR
#define TYPES_MAX 64

static int
compare_uses(const void *a, const void *b)
{
	const struct key_use *x = a, *y = b;
	int by = strcmp(x->fp, y->fp);

	if (by == 0)
		by = (int)x->kind - (int)y->kind;
	return by != 0 ? by : strcmp(x->user, y->user);
}

/* No table is one without entries: nobody has used a key yet. */
int
keys_table_read(struct keys_table *t)
{
	int directory, fd, err;

	directory = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 && errno == ENOENT)
		return CTL_OK;
	fd = directory < 0 ? -1 : key_uses_open_read(directory);
	if (directory >= 0)
		close(directory);
	if (fd < 0 && errno == ENOENT)
		return CTL_OK;
	if (fd < 0)
		return ctl_fail("%s/%s: %s", DIRECTORY, KEY_USES_FILE,
		    errno == EBADMSG ? "this is no table of uses" :
				       strerror(errno));
	for (size_t i = 0; i < KEY_USES_PLACES; i++) {
		err = key_uses_get(fd, i, &t->uses[t->count]);
		t->count += err == 0;
		t->damaged += err == E_FORMAT;
	}
	t->evicted = key_uses_evicted(fd);
	close(fd);
	qsort(t->uses, t->count, sizeof(t->uses[0]), compare_uses);
	if (t->damaged > 0)
		ctl_fail("%s/%s: %u entries are damaged", DIRECTORY,
		    KEY_USES_FILE, t->damaged);
	return CTL_OK;
}

const struct key_use *
keys_table_find(const struct keys_table *t, const struct key_line *line)
{
	struct key_use want = {
	    .kind = line->authority ? KEY_USE_AUTHORITY : KEY_USE_KEY};

	if (strlen(line->user) >= sizeof(want.user))
		return NULL;
	snprintf(want.fp, sizeof(want.fp), "%s", line->fp);
	snprintf(want.user, sizeof(want.user), "%s", line->user);
	return bsearch(
	    &want, t->uses, t->count, sizeof(t->uses[0]), compare_uses);
}

/* Types are words of the table; what is none would break the format. */
static bool
is_type(const char *type)
{
	return type[0] != '\0' &&
	    strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789-@.") ==
	    strlen(type);
}

void
keys_table_stats(struct records *out)
{
	static const char name[] = "sallyport_keys";
	struct keys_table *t = mem_zalloc(sizeof(*t));
	const char *types[TYPES_MAX] = {NULL}, *before = "";
	uint64_t counts[TYPES_MAX] = {0};
	size_t n = 0, k;

	if (keys_table_read(t) != CTL_OK)
		t->count = 0;
	/* Sorted by fingerprint: a key that several users have is one. */
	for (size_t i = 0; i < t->count; i++) {
		const struct key_use *u = &t->uses[i];

		if (u->kind == KEY_USE_AUTHORITY || !is_type(u->type) ||
		    strcmp(u->fp, before) == 0)
			continue;
		before = u->fp;
		for (k = 0; k < n && strcmp(types[k], u->type) != 0; k++)
			;
		if (k == TYPES_MAX)
			continue;
		types[k] = u->type;
		counts[k]++;
		n += k == n;
	}
	record_begin(out);
	record_text(out, "metric", name);
	record_text(out, "kind", "gauge");
	record_text(out, "help",
	    "Keys that have logged in and are remembered, by type");
	for (k = 0; k < n; k++) {
		record_begin(out);
		record_text(out, "sample", name);
		record_text(out, "label", "type");
		record_text(out, "is", types[k]);
		record_number(out, "value", counts[k]);
	}
	free(t);
}
