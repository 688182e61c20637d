/*
 * Algorithm lists of sshd_config, with + - ^, as the names that sallyport has.
 * For the import.
 */
#include "config/algorithms.h"
#include "config/importer.h"
#include "lib/match.h"

#include <string.h>

static bool
known(const char *const *names, const char *name)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static bool
any_matches(const struct strings *patterns, const char *name)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (match_pattern(name, patterns->items[i], MATCH_CASE))
			return true;
	}
	return false;
}

static void
report_unknown(struct importer *imp, const struct directive *d,
    const char *const *names, const struct strings *patterns)
{
	size_t i, j;

	for (i = 0; i < patterns->count; i++) {
		for (j = 0; names[j] != NULL; j++) {
			if (match_pattern(
				names[j], patterns->items[i], MATCH_CASE))
				break;
		}
		if (names[j] == NULL)
			import_note(imp, &d->origin,
			    "%s: sallyport has no "
			    "\"%s\": left out",
			    d->word->name, patterns->items[i]);
	}
}

struct strings
import_algorithms(
    struct importer *imp, const struct directive *d, int kind, bool report)
{
	const char *const *names =
	    algorithm_names((enum algorithm_kind)kind, CRYPTO_MODERN);
	const char *const *defaults =
	    algorithm_defaults((enum algorithm_kind)kind, CRYPTO_MODERN);
	char change = strchr("+-^", d->args[0][0]) != NULL ? d->args[0][0] : 0;
	struct strings written = import_split(imp, d->args[0] + (change != 0));
	struct strings list = {0};
	size_t i;

	if (report)
		report_unknown(imp, d, names, &written);
	if (change == 0 || change == '^') {
		for (i = 0; i < written.count; i++) {
			if (known(names, written.items[i]))
				import_push(imp, &list, written.items[i]);
		}
		/* Patterns, where sshd allows them. */
		for (i = 0; change == 0 && names[i] != NULL; i++) {
			if (any_matches(&written, names[i]) &&
			    !any_matches(&list, names[i]))
				import_push(imp, &list, names[i]);
		}
		if (change == 0)
			return list;
	}
	for (i = 0; defaults[i] != NULL; i++) {
		if ((change != '-' || !any_matches(&written, defaults[i])) &&
		    !any_matches(&list, defaults[i]))
			import_push(imp, &list, defaults[i]);
	}
	for (i = 0; change == '+' && names[i] != NULL; i++) {
		if (any_matches(&written, names[i]) &&
		    !any_matches(&list, names[i]))
			import_push(imp, &list, names[i]);
	}
	return list;
}
