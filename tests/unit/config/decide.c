/*
 * One decision at a time, for the cases of config/policy*.c.
 */
#include "tests/unit/config/decide.h"
#include "tests/unit/config/support.h"

struct config *config;
struct decision decision;

void
decide(const char *text, const struct policy_facts *facts)
{
	config = config_of(text);
	decision_init(&decision);
	policy_decide(config, facts, &decision);
}

void
done(void)
{
	decision_free(&decision);
	config_free(config);
}
