/*
 * The methods by a number that stays theirs, so that a seed goes on meaning
 * what it meant when the table of methods grows.
 */
#ifndef TESTS_FUZZ_KEX_METHODS_H
#define TESTS_FUZZ_KEX_METHODS_H

#include "lib/ssh/kex.h"

#include <string.h>

static const struct kex_method *
method_of(uint8_t number)
{
	static const char *const names[] = {"mlkem768x25519-sha256",
	    "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com",
	    "curve25519-sha256", "curve25519-sha256@libssh.org",
	    "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
	    "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
	    "diffie-hellman-group-exchange-sha256",
	    "diffie-hellman-group14-sha256", "mlkem768nistp256-sha256",
	    "mlkem1024nistp384-sha384", "diffie-hellman-group14-sha1",
	    "gss-curve25519-sha256-" KEX_GSS_KERBEROS,
	    "gss-group14-sha256-" KEX_GSS_KERBEROS};
	const char *name = names[number % (sizeof(names) / sizeof(names[0]))];

	return kex_find(name, strlen(name));
}

#endif
