/*
 * Names of algorithms: what each profile offers, and what can be named at all.
 */
#ifndef CONFIG_ALGORITHMS_H
#define CONFIG_ALGORITHMS_H

#include "config/config.h"

#include <stdbool.h>

enum algorithm_kind {
	ALGORITHM_KEX,
	ALGORITHM_CIPHER,
	ALGORITHM_MAC,
	ALGORITHM_HOST_KEY,
	ALGORITHM_USER_KEY,
	ALGORITHM_CA,
	ALGORITHM_COMPRESSION,
	ALGORITHM_GSS_KEX, /* families: "gss-group14-sha256-" */
	ALGORITHM_KINDS
};

/* The profile's names in order of preference, NULL at the end. */
const char *const *algorithm_defaults(
    enum algorithm_kind kind, enum crypto_profile profile);

/* All names that may be configured under the profile, NULL at the end. */
const char *const *algorithm_names(
    enum algorithm_kind kind, enum crypto_profile profile);

/* Is it there only for peers that cannot be replaced? */
bool algorithm_is_weak(const char *name);

/* The key of the configuration: "crypto.kex". */
const char *algorithm_key(enum algorithm_kind kind);

/* The list of that kind. */
struct strings *algorithm_list(
    struct crypto_settings *crypto, enum algorithm_kind kind);

#endif
