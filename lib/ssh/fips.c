/*
 * The FIPS provider, for the start of every process.  openssl.cnf usually
 * activates it, as its checksum is configured there; a file that only
 * describes it is enough, since it is loaded by name.
 */
#include "lib/ssh/fips.h"

#include "lib/err.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

int
fips_require(void)
{
	static OSSL_PROVIDER *fips, *base;
	EVP_MD *digest;
	int err = E_UNSUPPORTED;

	if (fips != NULL)
		return 0;
	/* base: reading key files; it implements no algorithm. */
	if ((fips = OSSL_PROVIDER_load(NULL, "fips")) == NULL ||
	    (base = OSSL_PROVIDER_load(NULL, "base")) == NULL)
		goto out;
	/* That it is there is not that it works. */
	digest = EVP_MD_fetch(NULL, "SHA2-256", "fips=yes");
	if (digest != NULL && EVP_default_properties_enable_fips(NULL, 1) == 1)
		err = 0;
	EVP_MD_free(digest);
out:
	if (err != 0) {
		OSSL_PROVIDER_unload(base);
		OSSL_PROVIDER_unload(fips);
		fips = base = NULL;
	}
	ERR_clear_error();
	return err;
}
