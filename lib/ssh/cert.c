/*
 * Whether to believe a certificate: the one place, for users' certificates in
 * the monitor, for the host's own at start and for those of known_hosts.
 */
#include "lib/ssh/cert.h"

#include "lib/match.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_sign.h"

#include <stdio.h>
#include <string.h>

const char *
cert_verdict_text(enum cert_verdict verdict)
{
	static const char *const texts[] = {
#define CERT_VERDICT_TEXT(name, text) [name] = text,
	    CERT_VERDICT_LIST(CERT_VERDICT_TEXT)
#undef CERT_VERDICT_TEXT
	};

	if ((unsigned)verdict >= CERT_VERDICT_COUNT)
		return "certificate has an unknown verdict";
	return texts[verdict];
}

bool
cert_names(const struct cert *cert, const char *name)
{
	for (size_t i = 0; i < cert->principal_count; i++) {
		const char *principal = cert->principals[i];

		if (name[0] == '\0' || principal[0] == '\0')
			continue;
		if (cert->kind == CERT_HOST) {
			if (match_pattern(name, principal, MATCH_NOCASE))
				return true;
		} else if (strcmp(name, principal) == 0)
			return true;
	}
	return false;
}

/* A whole name of a comma separated list. */
static bool
in_list(const char *list, const char *name)
{
	size_t len = strlen(name), word;

	for (;; list += word + 1) {
		word = strcspn(list, ",");
		if (word == len && memcmp(list, name, len) == 0)
			return true;
		if (list[word] == '\0')
			return false;
	}
}

static bool
signature_verifies(const struct key *key, const struct cert *cert)
{
	const struct key_alg *alg =
	    key_alg_find(cert->signature_alg, strlen(cert->signature_alg));
	struct key_sk_use use; /* a CA's touch is the CA's affair */
	size_t len;
	const uint8_t *blob = key_blob(key, &len);

	return alg != NULL && cert->signed_len < len &&
	    key_verify(cert->ca, alg, blob, cert->signed_len, cert->signature,
		cert->signature_len, &use) == 0;
}

static enum cert_verdict
check_ca(const struct key *key, const struct cert *cert,
    const struct cert_rules *rules, char *why, size_t size)
{
	if (rules->ca_algorithms != NULL &&
	    !in_list(rules->ca_algorithms, cert->signature_alg)) {
		snprintf(why, size, "CA signature algorithm %s is not allowed",
		    cert->signature_alg);
		return CERT_CA_ALGORITHM;
	}
	if (key_check_length(cert->ca, rules->rsa_min_bits, NULL, 0) != 0) {
		snprintf(why, size, "CA's RSA key of %u bits, %u are required",
		    key_bits(cert->ca), rules->rsa_min_bits);
		return CERT_CA_LENGTH;
	}
	if (key_check_length(key, rules->rsa_min_bits, why, size) != 0)
		return CERT_KEY_SHORT;
	return signature_verifies(key, cert) ? CERT_GOOD : CERT_BAD_SIGNATURE;
}

static enum cert_verdict
check_time(const struct cert *cert, const struct cert_rules *rules, char *why,
    size_t size)
{
	uint64_t lifetime;

	if (rules->now < cert->valid_after)
		return CERT_NOT_YET_VALID;
	if (rules->now >= cert->valid_before)
		return CERT_PAST;
	lifetime = cert->valid_before - cert->valid_after;
	if (rules->max_lifetime == 0 || lifetime <= rules->max_lifetime)
		return CERT_GOOD;
	if (cert->valid_before == UINT64_MAX)
		snprintf(why, size,
		    "certificate never expires, at most %llu"
		    " seconds are allowed",
		    (unsigned long long)rules->max_lifetime);
	else
		snprintf(why, size,
		    "certificate is valid for %llu seconds,"
		    " at most %llu are allowed",
		    (unsigned long long)lifetime,
		    (unsigned long long)rules->max_lifetime);
	return CERT_TOO_LONG_LIVED;
}

/* Addresses and networks only, as ssh-keygen writes them. */
static bool
is_source_list(const char *list)
{
	size_t len = strlen(list);

	return len != 0 && list[0] != ',' && list[len - 1] != ',' &&
	    list[strspn(list, "0123456789abcdefABCDEF.:/,")] == '\0' &&
	    match_check_host_list(list) == 0;
}

static enum cert_verdict
check_critical(const struct cert *cert, char *why, size_t size)
{
	if (cert->unknown_critical != NULL) {
		snprintf(why, size,
		    "certificate has unknown critical option %s",
		    cert->unknown_critical);
		return CERT_CRITICAL;
	}
	/* None is defined for hosts. */
	if (cert->kind == CERT_HOST && cert->critical_count != 0) {
		snprintf(why, size, "host certificate has critical options");
		return CERT_CRITICAL;
	}
	if (cert->source_address != NULL &&
	    !is_source_list(cert->source_address)) {
		snprintf(
		    why, size, "certificate's source-address is malformed");
		return CERT_CRITICAL;
	}
	return CERT_GOOD;
}

static enum cert_verdict
check_names(const struct cert *cert, const struct cert_rules *rules)
{
	if (cert->principal_count == 0)
		return CERT_NO_PRINCIPALS;
	if (rules->name_count == 0)
		return CERT_GOOD;
	for (size_t i = 0; i < rules->name_count; i++)
		if (cert_names(cert, rules->names[i]))
			return CERT_GOOD;
	return CERT_NOT_A_PRINCIPAL;
}

static enum cert_verdict
check(const struct key *key, const struct cert_rules *rules, char *why,
    size_t size)
{
	const struct cert *cert = key_cert(key);
	enum cert_verdict verdict;

	if (cert == NULL)
		return CERT_INVALID;
	if (cert->kind != rules->kind)
		return CERT_WRONG_KIND;
	if ((verdict = check_ca(key, cert, rules, why, size)) != CERT_GOOD)
		return verdict;
	if ((verdict = check_time(cert, rules, why, size)) != CERT_GOOD)
		return verdict;
	if ((verdict = check_critical(cert, why, size)) != CERT_GOOD)
		return verdict;
	return check_names(cert, rules);
}

enum cert_verdict
cert_check(const struct key *key, const struct cert_rules *rules, char *why,
    size_t size)
{
	char sentence[256] = "";
	enum cert_verdict verdict;

	verdict = check(key, rules, sentence, sizeof(sentence));
	if (why != NULL && size != 0)
		snprintf(why, size, "%s",
		    sentence[0] != '\0' ? sentence :
					  cert_verdict_text(verdict));
	return verdict;
}
