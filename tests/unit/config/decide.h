/* One decision at a time, for the cases of config/policy*.c. */
#ifndef TESTS_UNIT_CONFIG_DECIDE_H
#define TESTS_UNIT_CONFIG_DECIDE_H

#include "config/policy/policy.h"

/* The result of decide(); done() frees both. */
extern struct config *config;
extern struct decision decision;

/* policy_decide() by the configuration that text is. */
void decide(const char *text, const struct policy_facts *facts);
void done(void);

/* Rules, and behind them one that lets in whoever comes so far. */
#define ANY	 "{ name = \"any\"; methods = [ \"publickey\" ]; }"
#define RULES(x) "rules = (" x ANY ");"
/* Rule "m" with that match, before the one for anybody. */
#define MATCH(m) \
	RULES("{ name = \"m\"; match = ( {" m "} ); methods = [ \"x\" ]; },")

#endif
