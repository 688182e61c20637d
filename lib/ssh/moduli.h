/*
 * Groups for diffie-hellman-group-exchange-sha256: the moduli file of
 * OpenSSH, moduli(5), and the choice among its groups (RFC 4419, RFC 8270).
 */
#ifndef LIB_SSH_MODULI_H
#define LIB_SSH_MODULI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODULI_BITS_MIN	 2048 /* RFC 8270 */
#define MODULI_BITS_MAX	 8192
#define MODULI_FILE_MAX	 (4 * 1024 * 1024) /* Debian's has 560 KB */
#define MODULI_BYTES_MAX (MODULI_BITS_MAX / 8)

/* A prime and its generator, as magnitudes without leading zero bytes. */
struct kex_group {
	const uint8_t *p;
	size_t p_len;
	const uint8_t *g;
	size_t g_len;
	unsigned bits; /* of p */
};

struct moduli;

/*
 * The usable groups of a moduli file's text: safe primes that passed a test
 * other than trial division, of MODULI_BITS_MIN to MODULI_BITS_MAX bits.
 * Lines of other groups are passed over, as sshd does; a line that is not
 * what moduli(5) says fails the whole with E_FORMAT, its number in *line (a
 * text over MODULI_FILE_MAX: E_TOO_LARGE, line 0).  A file without a usable
 * group is no error: the built-in groups serve.  The caller owns *moduli.
 */
int moduli_parse(
    const char *text, size_t len, struct moduli **moduli, unsigned *line);

/* Groups in it; NULL has none. */
size_t moduli_count(const struct moduli *moduli);

/* Free; NULL is harmless. */
void moduli_free(struct moduli *moduli);

/*
 * Choose a group for a client's request of RFC 4419 section 3: the smallest
 * size that has the wanted bits, else the largest within its bounds; among
 * several of that size, a random one.  Without a fitting one in moduli (NULL:
 * no file), one of RFC 3526's.  E_VALUE when min <= n <= max does not hold or
 * the bounds leave nothing between MODULI_BITS_MIN and MODULI_BITS_MAX.
 */
int moduli_choose(const struct moduli *moduli, uint32_t min, uint32_t n,
    uint32_t max, struct kex_group *group);

/*
 * Whether the group is one that moduli_choose() could give for that request:
 * for the monitor, which believes no worker's p.
 */
bool moduli_allows(const struct moduli *moduli, uint32_t min, uint32_t n,
    uint32_t max, const struct kex_group *group);

/* RFC 3526's group of so many bits (2048, 4096, 8192), or E_NOT_FOUND. */
int moduli_builtin(unsigned bits, struct kex_group *group);

#endif
