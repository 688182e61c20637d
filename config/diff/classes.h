/*
 * Users whom no condition of two policies tells apart.
 */
#ifndef CONFIG_DIFF_CLASSES_H
#define CONFIG_DIFF_CLASSES_H

#include "config/policy/policy.h"

struct user_class {
	const struct policy_facts **members; /* one at least, as they came */
	size_t count;
};

struct user_classes {
	struct user_class *items;
	size_t count;
};

/* Every user is in one class; give it to user_classes_free(). */
void user_classes_make(const struct config *const policies[2],
    const struct policy_facts *users, size_t count,
    struct user_classes *classes);
void user_classes_free(struct user_classes *classes);

#endif
