/*
 * Public keys of libcrypto's from their parts (EVP_PKEY_fromdata(3)).
 */
#include "lib/ssh/evp_public.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

EVP_PKEY *
evp_public_key(const EVP_PKEY_CTX *pattern, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = pattern == NULL ? NULL : EVP_PKEY_CTX_dup(pattern);
	EVP_PKEY *made = NULL;

	if (ctx != NULL &&
	    (EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params) !=
		    1)) {
		EVP_PKEY_free(made);
		made = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return made;
}

EVP_PKEY *
evp_public_raw(const EVP_PKEY_CTX *pattern, const uint8_t *point, size_t len)
{
	OSSL_PARAM params[2] = {
	    OSSL_PARAM_construct_octet_string(
		OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point, len),
	    OSSL_PARAM_construct_end()};

	return evp_public_key(pattern, params);
}
