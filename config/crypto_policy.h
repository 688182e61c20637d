/*
 * The system-wide policy on algorithms of Enterprise Linux, as
 * update-crypto-policies writes it for sshd: a file of sshd's keywords, or, in
 * version 8, one line of its options.
 */
#ifndef CONFIG_CRYPTO_POLICY_H
#define CONFIG_CRYPTO_POLICY_H

#include "config/algorithms.h"
#include "config/arena.h"
#include "config/problem.h"

#define CRYPTO_POLICY_FILE "/etc/crypto-policies/back-ends/opensshserver.config"

struct crypto_policy {
	struct {
		/* The names of the file that can be configured, in its order,
		 * ended by NULL; NULL if the file does not set this kind. */
		const char *const *names;
		unsigned line;
	} lists[ALGORITHM_KINDS];
	uint32_t rsa_bits; /* 0: it says nothing */
	unsigned rsa_line;
};

/*
 * Read len bytes of the file.  An algorithm that this server does not have is a
 * warning, once for each list; a keyword that it does not know and what is not
 * of the format, an error.
 */
void crypto_policy_parse(const char *path, const char *text, size_t len,
    struct arena *arena, struct problems *problems,
    struct crypto_policy *policy);

#endif
