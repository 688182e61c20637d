/*
 * The facts of a key: from a module, to the policy.
 */
#include "modules/host/key_facts.h"

#include <stdio.h>

#define KEEP(place, text) \
	snprintf((place), sizeof(place), "%s", (text) == NULL ? "" : (text))

bool
key_facts_take(struct key_facts *k, const struct sallyport_key *key)
{
	if (key->size < sizeof(*key) || key->type == NULL ||
	    key->fingerprint == NULL)
		return false;
	k->told = true;
	KEEP(k->type, key->type);
	KEEP(k->fingerprint, key->fingerprint);
	KEEP(k->source, key->source);
	KEEP(k->place, key->place);
	KEEP(k->id, key->key_id);
	KEEP(k->ca_type, key->ca_type);
	KEEP(k->ca_fingerprint, key->ca_fingerprint);
	k->serial = key->serial;
	k->bits = key->bits;
	/* Before the signature nobody knows what the key will say. */
	k->touched = key->proven == 0 || key->touched != 0;
	k->verified = key->proven == 0 || key->verified != 0;
	return true;
}

void
key_facts_tell(const struct key_facts *k, const char *algorithm,
    struct policy_facts *facts)
{
	facts->key_state = FACT_KNOWN;
	facts->key_type = k->type;
	facts->key_algorithm = algorithm[0] != '\0' ? algorithm : NULL;
	facts->key_fingerprint = k->fingerprint;
	facts->key_source = k->source;
	facts->key_ca = k->ca_fingerprint[0] != '\0' ? k->ca_fingerprint : NULL;
	facts->key_bits = k->bits;
	facts->key_touched = k->touched;
	facts->key_verified = k->verified;
}
