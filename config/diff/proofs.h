/*
 * The keys, certificates and Kerberos principals that two policies tell apart.
 */
#ifndef CONFIG_DIFF_PROOFS_H
#define CONFIG_DIFF_PROOFS_H

#include "config/diff/cells.h"

struct proof_key {
	const char *type; /* of the key or certificate */
	const char *algorithm; /* of its signature */
	const char *source;
	const char *ca; /* NULL: no certificate */
	unsigned bits;
	bool touched;
	bool verified;
	const char *command; /* its own forced one, or NULL */
	bool offered[2]; /* in crypto.key_algorithms of each policy */
	const char *label;
};

struct proof_principal {
	const char *name;
	bool delegated; /* tickets as well */
	const char *label;
};

/* One of each at least; all lives in the arena. */
struct proofs {
	struct proof_key *keys;
	size_t key_count;
	struct proof_principal *principals;
	size_t principal_count;
	bool partial; /* some may be missing: too many patterns */
};

void proofs_make(struct arena *arena, const struct config *const policies[2],
    struct proofs *proofs);

#endif
