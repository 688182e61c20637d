/*
 * OpenSSH certificates (PROTOCOL.certkeys): what one says, and whether to
 * believe it.
 */
#ifndef LIB_SSH_CERT_H
#define LIB_SSH_CERT_H

#include "lib/ssh/key.h"

#define CERT_PRINCIPALS_MAX 256
#define CERT_KEY_ID_MAX	    1024
#define CERT_PRINCIPAL_MAX  1024

enum cert_kind { CERT_USER = 1, CERT_HOST = 2 };

/* The contents of a certificate; no text in it contains a NUL. */
struct cert {
	uint64_t serial;
	enum cert_kind kind;
	char *key_id; /* from the CA; escape it in logs */
	char **principals; /* compare whole, never split at commas */
	size_t principal_count; /* 0 matches nobody */
	uint64_t valid_after; /* seconds since 1970, inclusive */
	uint64_t valid_before; /* exclusive; UINT64_MAX: for ever */
	/* critical options */
	char *force_command; /* NULL: none */
	char *source_address; /* CIDR list; NULL: any */
	bool verify_required;
	char *unknown_critical; /* names; not NULL: refused, see cert_check() */
	size_t critical_count; /* of critical options, known or not */
	/* extensions */
	bool permit_x11;
	bool permit_agent;
	bool permit_port;
	bool permit_pty;
	bool permit_user_rc;
	bool no_touch_required;
	char *unknown_extensions; /* names, comma separated, for the log; or
				     NULL */
	/* who vouches */
	struct key *ca; /* never a certificate itself */
	const char *signature_alg; /* what the CA signed with; static */
	/* the bytes it signed and the signature: cert_check()'s */
	size_t signed_len;
	const uint8_t *signature;
	size_t signature_len;
};

/* Why a certificate is not believed.  Zero refuses; compare with ==. */
#define CERT_VERDICT_LIST(V)                                                 \
	V(CERT_INVALID, "not a certificate")                                 \
	V(CERT_WRONG_KIND, "certificate is of the wrong type")               \
	V(CERT_CA_ALGORITHM, "CA signature algorithm is not allowed")        \
	V(CERT_CA_LENGTH, "CA key is too short")                             \
	V(CERT_KEY_SHORT, "key is too short")                                \
	V(CERT_BAD_SIGNATURE, "CA signature does not verify")                \
	V(CERT_NOT_YET_VALID, "certificate is not yet valid")                \
	V(CERT_PAST, "certificate has expired")                              \
	V(CERT_TOO_LONG_LIVED, "certificate's lifetime exceeds the ceiling") \
	V(CERT_CRITICAL, "certificate has an unknown critical option")       \
	V(CERT_NO_PRINCIPALS, "certificate lists no principals")             \
	V(CERT_NOT_A_PRINCIPAL, "name is not a listed principal")            \
	V(CERT_GOOD, "certificate is valid")

#define CERT_VERDICT_ENUM(name, text) name,
enum cert_verdict { CERT_VERDICT_LIST(CERT_VERDICT_ENUM) CERT_VERDICT_COUNT };
#undef CERT_VERDICT_ENUM

/* The conditions of cert_check(). */
struct cert_rules {
	enum cert_kind kind;
	/*
	 * Names of which one must be a principal.  With count 0 only the
	 * presence of principals is judged: the caller must compare them.
	 */
	const char *const *names;
	size_t name_count;
	uint64_t now; /* seconds since 1970 */
	uint64_t max_lifetime; /* seconds from after to before; 0: no ceiling */
	unsigned rsa_min_bits; /* for the key and for the CA's key */
	const char *ca_algorithms; /* name-list; NULL: all that we know */
};

/*
 * Believe it?  CERT_GOOD alone means yes.  Whether the CA is trusted is the
 * caller's question, asked before (it is cheaper); so are revocation
 * (lib/ssh/krl.h) and source_address.  why[size], if not NULL, gets a
 * sentence for the log.
 */
enum cert_verdict cert_check(const struct key *key,
    const struct cert_rules *rules, char *why, size_t size);

/* The text of a verdict; never NULL. */
const char *cert_verdict_text(enum cert_verdict verdict);

/*
 * Is name among the principals?  Host certificates may hold patterns
 * ("*.example.org"), user certificates are compared byte by byte.
 */
bool cert_names(const struct cert *cert, const char *name);

#endif
