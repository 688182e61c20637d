/*
 * A FIDO authenticator in software, for tests: an ordinary key that signs as
 * PROTOCOL.u2f says.
 */
#ifndef TESTS_UNIT_KEY_AUTHENTICATOR_H
#define TESTS_UNIT_KEY_AUTHENTICATOR_H

#include "lib/buf.h"
#include "lib/ssh/key_private.h"

struct authenticator {
	struct key_private *secret;
	struct key *key; /* the sk key */
	const char *application;
};

/* type: KEY_SK_ED25519 or KEY_SK_ECDSA_P256. */
void authenticator_init(
    struct authenticator *a, enum key_type type, const char *application);
void authenticator_free(struct authenticator *a);

/* Append the signature blob. */
void authenticator_sign(const struct authenticator *a, const void *data,
    size_t len, uint8_t flags, uint32_t counter, struct buf *sig);

#endif
