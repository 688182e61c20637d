/*
 * The whole load path on any bytes, and what was loaded: shown, read back,
 * decided with, and its tests run.
 */
#include "config/load.h"
#include "config/policy/policy.h"
#include "config/policy/tests.h"
#include "config/show.h"

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

static void
use(const struct config *config)
{
	struct policy_facts facts = {.user_state = FACT_KNOWN,
	    .user = "alice",
	    .uid = 1000,
	    .now = 1700000000};
	struct problems problems = {0};
	FILE *out = fopen("/dev/null", "w");

	policy_explain(config, &facts, EXPLAIN_JSON, out);
	config_show(config, true, out);
	policy_tests(config, NULL, &problems);
	problems_print(&problems, out);
	problems_free(&problems);
	fclose(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;
	const uint8_t *cut = size > 0 ? memchr(data, 0, size) : NULL;
	size_t half = cut != NULL ? (size_t)(cut - data) : size;

	config_bundle_add(&bundle, "a", data, half);
	if (cut != NULL)
		config_bundle_add(&bundle, "b", cut + 1, size - half - 1);
	if (config_load(&bundle, &config, &problems) == 0)
		use(config);
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&problems);
	return 0;
}
