/*
 * Shared by load.c and rules.c while a bundle becomes a configuration.
 */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

#include "config/algorithms.h"
#include "config/crypto_policy.h"
#include "config/reader.h"

struct loader {
	struct config *config;
	struct arena *arena;
	struct problems *problems;
	struct reader reader;
	const struct bundle_file *policy_file; /* the system's, or NULL */
	struct crypto_policy policy; /* what it says, under that profile */
};

/*
 * Read the keys of one group into base, each as its row in the section says;
 * defaults first, missing required keys are errors.  Lists are left to the
 * caller.  what names the group.  origins: a place per row of the schema, for
 * where a key was written; NULL: it is not kept.
 */
void load_struct(struct loader *l, const config_setting_t *group,
    enum option_section section, const char *what, void *base,
    struct origin *origins);

/* "unknown key", with the nearest one of the sections (ends by SECTION_COUNT).
 */
void load_unknown(struct loader *l, const config_setting_t *setting,
    const char *key, const enum option_section *sections);

enum rule_kind { KIND_RULE, KIND_OVERLAY, KIND_GUARD };

/* "rules", as the list is called. */
const char *rule_kind_name(enum rule_kind kind);

/* One element of rules, overlays or guards into *rule. */
void load_rule(struct loader *l, const config_setting_t *group,
    enum rule_kind kind, struct rule *rule);

/* tests.c: one element of tests into *test. */
void load_test(
    struct loader *l, const config_setting_t *group, struct policy_test *test);

/* After all files: the names that tests say must be those of something. */
void finish_tests(struct loader *l);

/* together.c: what holds between the server's keys and its lists. */
void check_together(struct loader *l);

/* Does an overlay for everybody set this? */
bool overlay_for_all_sets(const struct config *c, enum grant grant);

/* Checks between rules, overlays and guards; part of finish_rules(). */
void check_rules(struct loader *l);

/* After all files: names, extends, implied and default grants, the decoy. */
void finish_rules(struct loader *l);

/* Rules behind one that takes all they match. */
void warn_unreachable(struct loader *l);
/* policy/idle.c: what can have no effect. */
void warn_idle(struct loader *l);

/* Profiles and + - ^, for the algorithm lists of the top level. */
void finish_algorithms(struct loader *l);

/*
 * One list that was written at origin under this key: it replaces, or with + -
 * ^ changes, the names of base (NULL at the end); what may stand in it is of
 * the kind and the profile.  Nothing written: base.  It may be empty where the
 * kind is GSS-API's exchanges: others are offered besides.
 */
void resolve_algorithms(struct loader *l, const char *key,
    const struct origin *origin, enum algorithm_kind kind,
    enum crypto_profile profile, const char *const *base, struct strings *list);

/* The names that a list of the profile begins with, and the names that may be
 * added to it: for "system" only those of its file. */
const char *const *profile_names(const struct loader *l,
    enum algorithm_kind kind, enum crypto_profile profile);
const char *const *profile_known(const struct loader *l,
    enum algorithm_kind kind, enum crypto_profile profile);

/* offers.c, after those: what each listener offers, and all host keys. */
void finish_offers(struct loader *l);

#endif
