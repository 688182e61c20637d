/*
 * The algorithm lists of the profiles, and how + - ^ change them.  Names
 * only: what they do is lib/ssh's; tests/unit/config compares the two.  Ciphers
 * and MACs are rows of lib/ssh/cipher_table.h, with their places.
 *
 * Order of the modern kex list: hybrids with a post-quantum half first
 * (recorded traffic is to stay secret), the ML-KEM standard before sntrup,
 * X25519 before the NIST curves; fips has the latter where libcrypto's provider
 * has ML-KEM (lib/ssh/lacking.h);
 * then X25519, then the NIST curves and finite fields for clients that have
 * nothing else, in OpenSSH's order.
 */
#include "config/algorithms.h"
#include "config/loader.h"
#include "lib/match.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/cipher_table.h"

#include <string.h>

#define LIST(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

#define KEX_PQ_NIST "mlkem768nistp256-sha256", "mlkem1024nistp384-sha384"
#define KEX_PQ                                             \
	"mlkem768x25519-sha256", "sntrup761x25519-sha512", \
	    "sntrup761x25519-sha512@openssh.com", KEX_PQ_NIST
#define KEX_X25519 "curve25519-sha256", "curve25519-sha256@libssh.org"
#define KEX_NIST \
	"ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"
#define KEX_GEX "diffie-hellman-group-exchange-sha256"
#define KEX_DH                                                            \
	"diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512", \
	    "diffie-hellman-group14-sha256"
#define KEX_LEGACY     "diffie-hellman-group14-sha1"
#define KEX_GSS_CURVES "gss-curve25519-sha256-", "gss-nistp256-sha256-"
#define KEX_GSS_NIST   "gss-nistp256-sha256-"
#define KEX_GSS_DH     "gss-group16-sha512-", "gss-group14-sha256-"
#define KEX_CURVES     KEX_PQ, KEX_X25519, KEX_NIST
#define KEX_MODERN     KEX_CURVES, KEX_GEX, KEX_DH

#define SIG_ED	    "ssh-ed25519"
#define SIG_ED_CERT "ssh-ed25519-cert-v01@openssh.com"
#define SIG_EC \
	"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"
#define SIG_EC_CERT                                     \
	"ecdsa-sha2-nistp256-cert-v01@openssh.com",     \
	    "ecdsa-sha2-nistp384-cert-v01@openssh.com", \
	    "ecdsa-sha2-nistp521-cert-v01@openssh.com"
#define SIG_RSA "rsa-sha2-512", "rsa-sha2-256"
#define SIG_RSA_CERT \
	"rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com"
#define SIG_SHA1 "ssh-rsa"

/* In no profile: OpenSSH calls it experimental, and its draft may change. */
#define SIG_MLDSA      "ssh-mldsa44-ed25519@openssh.com"
#define SIG_MLDSA_CERT "ssh-mldsa44-ed25519-cert-v01@openssh.com"
#define SIG_SK \
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
#define SIG_SK_CERT                            \
	"sk-ssh-ed25519-cert-v01@openssh.com", \
	    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"

#define HOST_ALL  SIG_ED_CERT, SIG_EC_CERT, SIG_RSA_CERT, SIG_ED, SIG_EC, SIG_RSA
#define HOST_NIST SIG_EC_CERT, SIG_RSA_CERT, SIG_EC, SIG_RSA
#define USER_ALL                                                             \
	SIG_ED_CERT, SIG_EC_CERT, SIG_SK_CERT, SIG_RSA_CERT, SIG_ED, SIG_EC, \
	    SIG_SK, SIG_RSA
#define CA_ALL	SIG_ED, SIG_EC, SIG_SK, SIG_RSA
#define CA_NIST SIG_EC, SIG_RSA
#define ZLIB	"zlib@openssh.com"

struct algorithm_lists {
	const char *key;
	size_t offset; /* of the struct strings in struct crypto_settings */
	/* Ciphers and MACs have no list here: they have tables of rows. */
	const char *const *defaults[CRYPTO_PROFILES];
	const char *const *known;
};

/* clang-format off: modern, compatible, fips, cis, stig, legacy; all */
static const struct algorithm_lists lists[ALGORITHM_KINDS] = {
    [ALGORITHM_KEX] = {"crypto.kex", offsetof(struct crypto_settings, kex),
	{LIST(KEX_MODERN), LIST(KEX_MODERN),
	    LIST(KEX_PQ_NIST, KEX_NIST, KEX_DH), LIST(KEX_CURVES),
	    LIST(KEX_NIST, KEX_GEX), LIST(KEX_MODERN, KEX_LEGACY)},
	LIST(KEX_MODERN, KEX_LEGACY)},
    [ALGORITHM_CIPHER] = {"crypto.ciphers",
	offsetof(struct crypto_settings, ciphers), {NULL}, NULL},
    [ALGORITHM_MAC] = {"crypto.macs", offsetof(struct crypto_settings, macs),
	{NULL}, NULL},
    [ALGORITHM_HOST_KEY] = {"crypto.host_key_algorithms",
	offsetof(struct crypto_settings, host_key_algorithms),
	{LIST(HOST_ALL), LIST(HOST_ALL), LIST(HOST_NIST), LIST(HOST_ALL),
	    LIST(HOST_NIST), LIST(HOST_ALL, SIG_SHA1)},
	LIST(HOST_ALL, SIG_MLDSA_CERT, SIG_MLDSA, SIG_SHA1)},
    [ALGORITHM_USER_KEY] = {"crypto.key_algorithms",
	offsetof(struct crypto_settings, key_algorithms),
	{LIST(USER_ALL), LIST(USER_ALL), LIST(HOST_NIST), LIST(USER_ALL),
	    LIST(HOST_NIST), LIST(USER_ALL, SIG_SHA1)},
	LIST(USER_ALL, SIG_MLDSA_CERT, SIG_MLDSA, SIG_SHA1)},
    [ALGORITHM_CA] = {"crypto.ca_algorithms",
	offsetof(struct crypto_settings, ca_algorithms),
	{LIST(CA_ALL), LIST(CA_ALL), LIST(CA_NIST), LIST(CA_ALL), LIST(CA_NIST),
	    LIST(CA_ALL)},
	LIST(CA_ALL, SIG_MLDSA)},
    [ALGORITHM_COMPRESSION] = {"crypto.compression",
	offsetof(struct crypto_settings, compression),
	{LIST("none", ZLIB), LIST("none", ZLIB), LIST("none", ZLIB),
	    LIST("none"), LIST("none"), LIST("none", ZLIB)},
	LIST("none", ZLIB)},
    [ALGORITHM_GSS_KEX] = {"crypto.gss_kex",
	offsetof(struct crypto_settings, gss_kex),
	{LIST(KEX_GSS_CURVES, KEX_GSS_DH), LIST(KEX_GSS_CURVES, KEX_GSS_DH),
	    LIST(KEX_GSS_NIST, KEX_GSS_DH), LIST(KEX_GSS_CURVES),
	    LIST(KEX_GSS_NIST), LIST(KEX_GSS_CURVES, KEX_GSS_DH)},
	LIST(KEX_GSS_CURVES, KEX_GSS_DH)},
};
/* clang-format on */

/* A row of lib/ssh/cipher_table.h, as a profile sees it. */
struct placed {
	const char *name;
	uint8_t places[CRYPTO_PROFILES];
	bool weak;
};

#define PLACED_CIPHER(name, places, attributes, ...) \
	{name, places, ((attributes)&CIPHER_WEAK) != 0},
#define PLACED_MAC(name, places, ...) {name, places, false},
static const struct placed ciphers[] = {CIPHER_TABLE(PLACED_CIPHER)};
static const struct placed macs[] = {MAC_TABLE(PLACED_MAC)};

#define CIPHERS (sizeof(ciphers) / sizeof(ciphers[0]))
#define MACS	(sizeof(macs) / sizeof(macs[0]))

/* The names of a profile by their places: made at the first call. */
static const char *const *
by_place(const struct placed *rows, size_t count, enum crypto_profile profile,
    const char **list)
{
	unsigned last = 0, next;
	size_t n = 0, at;

	for (bool more = list[0] == NULL; more;) {
		next = UINT8_MAX + 1;
		for (size_t i = 0; i < count; i++)
			if (rows[i].places[profile] > last &&
			    rows[i].places[profile] < next) {
				next = rows[i].places[profile];
				at = i;
			}
		more = next <= UINT8_MAX;
		if (more)
			list[n++] = rows[at].name;
		last = next;
	}
	return list;
}

static const char *const *
names_of(enum algorithm_kind kind, enum crypto_profile profile)
{
	static const char *cipher_names[CRYPTO_PROFILES][CIPHERS + 1];
	static const char *mac_names[CRYPTO_PROFILES][MACS + 1];

	if (kind == ALGORITHM_CIPHER)
		return by_place(
		    ciphers, CIPHERS, profile, cipher_names[profile]);
	if (kind == ALGORITHM_MAC)
		return by_place(macs, MACS, profile, mac_names[profile]);
	return lists[kind].defaults[profile];
}

/* Known to be weak: for what cannot be replaced, and told of by check. */
static const char *const weak[] = {KEX_LEGACY, SIG_SHA1, NULL};

static bool
names_have(const char *const *names, const char *name)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

bool
algorithm_is_weak(const char *name)
{
	for (size_t i = 0; i < CIPHERS; i++)
		if (ciphers[i].weak && strcmp(ciphers[i].name, name) == 0)
			return true;
	return names_have(weak, name);
}

const char *const *
algorithm_defaults(enum algorithm_kind kind, enum crypto_profile profile)
{
	return names_of(kind, profile);
}

/* Where the system's policy has no list of this kind, the list of the profile
 * "modern" applies. */
const char *const *
profile_names(const struct loader *l, enum algorithm_kind kind,
    enum crypto_profile profile)
{
	if (profile != CRYPTO_SYSTEM)
		return algorithm_defaults(kind, profile);
	return l->policy.lists[kind].names != NULL ?
	    l->policy.lists[kind].names :
	    algorithm_defaults(kind, CRYPTO_MODERN);
}

const char *const *
profile_known(const struct loader *l, enum algorithm_kind kind,
    enum crypto_profile profile)
{
	if (profile != CRYPTO_SYSTEM)
		return algorithm_names(kind, profile);
	return l->policy.lists[kind].names != NULL ?
	    l->policy.lists[kind].names :
	    algorithm_names(kind, CRYPTO_MODERN);
}

/* fips is a promise: nothing outside its own lists can be added. */
const char *const *
algorithm_names(enum algorithm_kind kind, enum crypto_profile profile)
{
	if (profile == CRYPTO_FIPS)
		return names_of(kind, profile);
	return lists[kind].known != NULL ? lists[kind].known :
					   names_of(kind, CRYPTO_LEGACY);
}

const char *
algorithm_key(enum algorithm_kind kind)
{
	return lists[kind].key;
}

static size_t
names_count(const char *const *names)
{
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	return count;
}

struct resolver {
	struct loader *l;
	const char *key;
	const struct origin *origin;
	const char *const *known;
	const char *unknown; /* what is said of a name that is not among them */
	const char *result[64];
	size_t count;
};

static void
resolve_error(struct resolver *r, const char *name, const char *what)
{
	const char *nearest;

	nearest = word_nearest(name, r->known, names_count(r->known));
	problem_error(r->l->problems, r->origin->file, r->origin->line,
	    "%s: \"%s\": %s%s%s%s", r->key, name, what,
	    nearest != NULL ? "; did you mean \"" : "",
	    nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

static void
resolve_remove(struct resolver *r, const char *pattern)
{
	size_t i, kept = 0;

	for (i = 0; i < r->count; i++) {
		if (!match_pattern(r->result[i], pattern, MATCH_CASE))
			r->result[kept++] = r->result[i];
	}
	if (kept == r->count)
		problem_warning(r->l->problems, r->origin->file,
		    r->origin->line, "%s: \"-%s\" removes nothing", r->key,
		    pattern);
	r->count = kept;
}

/* Put name at place, which is at most count; moves it when it is there. */
static void
resolve_insert(struct resolver *r, const char *name, size_t place)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		if (strcmp(r->result[i], name) == 0)
			break;
	}
	if (i == r->count) {
		if (r->count == sizeof(r->result) / sizeof(r->result[0]))
			return;
		r->count++;
	} else if (place > i)
		return; /* + of what is there already */
	memmove(r->result + place + 1, r->result + place,
	    (i - place) * sizeof(r->result[0]));
	r->result[place] = name;
}

static void
resolve_changes(struct resolver *r, const struct strings *written,
    const char *const *defaults)
{
	size_t i, first = 0;
	const char *text;

	for (r->count = 0; defaults[r->count] != NULL; r->count++)
		r->result[r->count] = defaults[r->count];
	for (i = 0; i < written->count; i++) {
		text = written->items[i];
		if (strchr("+-^", text[0]) == NULL)
			resolve_error(r, text,
			    "a list either begins every "
			    "entry with + - ^ or none");
		else if (text[0] == '-')
			resolve_remove(r, text + 1);
		else if (!names_have(r->known, text + 1))
			resolve_error(r, text + 1, r->unknown);
		else if (text[0] == '+')
			resolve_insert(r, text + 1, r->count);
		else
			resolve_insert(r, text + 1, first++);
	}
}

static void
resolve_replacement(struct resolver *r, const struct strings *written)
{
	size_t i, before;

	for (i = 0; i < written->count; i++) {
		before = r->count;
		if (!names_have(r->known, written->items[i])) {
			resolve_error(r, written->items[i],
			    strchr("+-^", written->items[i][0]) != NULL ?
				"a list either begins every entry with + - ^ "
				"or none" :
				strchr(written->items[i], ',') != NULL ?
				"one name per entry, please" :
				r->unknown);
			continue;
		}
		resolve_insert(r, written->items[i], r->count);
		if (r->count == before)
			resolve_error(r, written->items[i], "named twice");
	}
}

void
resolve_algorithms(struct loader *l, const char *key,
    const struct origin *origin, enum algorithm_kind kind,
    enum crypto_profile profile, const char *const *base, struct strings *list)
{
	struct resolver r = {.l = l,
	    .key = key,
	    .origin = origin,
	    .unknown = profile == CRYPTO_SYSTEM ?
		"is not permitted by " CRYPTO_POLICY_FILE :
		"unknown name",
	    .known = profile_known(l, kind, profile)};
	size_t i, errors = l->problems->errors;

	if (origin->line == 0 ||
	    (list->count > 0 && strchr("+-^", list->items[0][0]) != NULL))
		resolve_changes(&r, list, base);
	else
		resolve_replacement(&r, list);
	if (r.count == 0 && kind != ALGORITHM_GSS_KEX &&
	    l->problems->errors == errors)
		problem_error(l->problems, origin->file, origin->line,
		    "%s: nothing is left in the list", key);
	list->items = arena_array(l->arena, r.count, sizeof(char *));
	list->count = r.count;
	for (i = 0; i < r.count; i++)
		list->items[i] = arena_strdup(l->arena, r.result[i]);
}

struct strings *
algorithm_list(struct crypto_settings *crypto, enum algorithm_kind kind)
{
	return (void *)((char *)crypto + lists[kind].offset);
}

static struct origin *
origin_of(struct loader *l, const char *key)
{
	return &l->config->origins[option_find(SECTION_SERVER, key) - options];
}

/* Its file speaks for what the configuration does not say. */
static void
follow_policy(struct loader *l)
{
	const struct crypto_policy *p = &l->policy;
	struct origin *bits = origin_of(l, "crypto.rsa_bits");
	enum algorithm_kind kind;

	for (kind = 0; kind < ALGORITHM_KINDS; kind++) {
		struct origin *origin = origin_of(l, algorithm_key(kind));

		if (origin->line == 0 && p->lists[kind].names != NULL)
			*origin = (struct origin){.file = CRYPTO_POLICY_FILE,
			    .line = p->lists[kind].line};
	}
	if (bits->line == 0 && p->rsa_bits != 0) {
		l->config->crypto.rsa_bits = p->rsa_bits;
		*bits = (struct origin){
		    .file = CRYPTO_POLICY_FILE, .line = p->rsa_line};
	} else if (l->config->crypto.rsa_bits < p->rsa_bits) {
		problem_error(l->problems, bits->file, bits->line,
		    "crypto.rsa_bits: " CRYPTO_POLICY_FILE
		    " demands %u bits at least",
		    p->rsa_bits);
	}
}

void
finish_algorithms(struct loader *l)
{
	struct crypto_settings *crypto = &l->config->crypto;
	enum algorithm_kind kind;

	for (kind = 0; kind < ALGORITHM_KINDS; kind++) {
		const char *key = algorithm_key(kind);
		const struct option *option = option_find(SECTION_SERVER, key);

		resolve_algorithms(l, key,
		    &l->config->origins[option - options], kind,
		    crypto->profile, profile_names(l, kind, crypto->profile),
		    algorithm_list(crypto, kind));
	}
	if (crypto->profile == CRYPTO_SYSTEM)
		follow_policy(l);
}
