/*
 * Holding libcrypto to its FIPS 140 provider, in every process of a server
 * whose profile is fips.
 */
#ifndef LIB_SSH_FIPS_H
#define LIB_SSH_FIPS_H

/*
 * From here on libcrypto serves approved implementations only.  Called before
 * anything is fetched.  E_UNSUPPORTED: there is no such provider, or it fails
 * its self tests; nothing has changed then.
 */
int fips_require(void);

#endif
