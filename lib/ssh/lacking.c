/*
 * Asked by the monitor, the worker template and `sallyportctl check`, so that
 * the three come to the same lists.
 */
#include "lib/ssh/lacking.h"

#include "lib/mem.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key_mldsa.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

const char *
lacking_kex(const char *name)
{
	const struct kex_method *method = kex_find(name, strlen(name));

	if (method == NULL || kex_usable(method))
		return NULL;
	if ((kex_attributes(method) & KEX_POST_QUANTUM) != 0 &&
	    EVP_default_properties_is_fips_enabled(NULL) == 1)
		return "libcrypto's FIPS provider has no ML-KEM (OpenSSL 3.5 "
		       "has)";
	return "libcrypto lacks what it needs";
}

const char *
lacking_key_alg(const char *name)
{
	const struct key_alg *alg = key_alg_find(name, strlen(name));

	return alg != NULL && alg->type == KEY_MLDSA44_ED25519 &&
		!key_mldsa_present() ?
	    "libcrypto has no ML-DSA (OpenSSL 3.5 has)" :
	    NULL;
}

char *
lacking_left_out(const char *list, lacking_fn *lacks)
{
	char *copy = mem_strdup(list), *text = mem_alloc(strlen(list) + 1);
	char *rest = copy, *name, *end = text;

	*end = '\0';
	while ((name = strsep(&rest, ",")) != NULL) {
		if (lacks(name) != NULL)
			continue;
		if (end != text)
			*end++ = ',';
		end = stpcpy(end, name);
	}
	free(copy);
	return text;
}
