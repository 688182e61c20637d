/*
 * The site's own items, as `sallyportctl compliance own` takes them, from any
 * bytes, held against the shipped defaults or, behind a zero byte, a policy.
 */
#include "config/compliance/judge.h"
#include "config/load.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig's scanner loses its string buffer at a syntax error. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static struct config *
policy(const uint8_t *data, size_t size)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;

	config_bundle_add(&bundle, "policy", data, size);
	if (config_load(&bundle, &config, &problems) != 0)
		config = config_defaults();
	config_bundle_free(&bundle);
	problems_free(&problems);
	return config;
}

static void
judge(const struct config *config, const struct own_items *own)
{
	struct report *report = compliance_judge_own(config, own, NULL);

	/* Each item has exactly one answer. */
	if (report->count != own->count ||
	    report->statuses[ITEM_PASS] + report->statuses[ITEM_FAIL] !=
		own->count)
		abort();
	report_free(report);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size > 0 ? memchr(data, 0, size) : NULL;
	size_t half = cut != NULL ? (size_t)(cut - data) : size;
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct own_items own = {0};
	struct config *config;

	config_bundle_add(&bundle, "items", data, half);
	if (own_parse(&bundle.files[0], &own, &problems) == 0) {
		config = policy(cut != NULL ? cut + 1 : data,
		    cut != NULL ? size - half - 1 : 0);
		judge(config, &own);
		config_free(config);
		own_free(&own);
	}
	config_bundle_free(&bundle);
	problems_free(&problems);
	return 0;
}
