/*
 * A key, as a module tells of it, and as the policy is asked about it.
 */
#ifndef MODULES_HOST_KEY_FACTS_H
#define MODULES_HOST_KEY_FACTS_H

#include "config/policy/policy.h"
#include "modules/sallyport_module.h"

#include <stdbool.h>
#include <stdint.h>

struct key_facts {
	bool told; /* by a module: the rest is known */
	char type[64], fingerprint[64], source[64], place[300];
	/* of a certificate, else empty */
	char id[256], ca_type[64], ca_fingerprint[64];
	uint64_t serial;
	unsigned bits;
	bool touched, verified;
};

/* The facts of host->key()'s key.  False: not a key. */
bool key_facts_take(struct key_facts *k, const struct sallyport_key *key);

/* The facts of the policy that are the key's; they point into k and algorithm
 * (of the signature; "": as the type). */
void key_facts_tell(const struct key_facts *k, const char *algorithm,
    struct policy_facts *facts);

#endif
