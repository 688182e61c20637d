/*
 * The ciphers and MACs, a row each: adding one is a row, and its vectors.
 *
 *	A(name, PLACES(modern, compatible, fips, cis, stig, legacy), ...)
 *
 * A place is where the name stands in the list of that profile: the lowest
 * comes first, 0 is not in it.  legacy has all: what it lacks cannot be
 * configured.  Behind the places: struct cipher_alg and struct mac_alg.
 *
 * modern begins with ChaCha20, as clients without AES instructions name it
 * first themselves; the client's order decides anyway (RFC 4253 section 7.1).
 */
#ifndef LIB_SSH_CIPHER_TABLE_H
#define LIB_SSH_CIPHER_TABLE_H

#define PLACES(...)         \
	{                   \
		__VA_ARGS__ \
	}

/* In our order of preference. */
#define CIPHER_TABLE(A)                                                       \
	A("chacha20-poly1305@openssh.com", PLACES(10, 10, 0, 0, 0, 10),       \
	    CIPHER_AEAD | CIPHER_DEFAULT, CIPHER_CHACHA, 64, 0, 8, 16,        \
	    "ChaCha20")                                                       \
	A("aes256-gcm@openssh.com", PLACES(30, 30, 10, 10, 10, 30),           \
	    CIPHER_AEAD | CIPHER_FIPS_APPROVED | CIPHER_DEFAULT, CIPHER_GCM,  \
	    32, 12, 16, 16, "AES-256-GCM")                                    \
	A("aes128-gcm@openssh.com", PLACES(20, 20, 20, 20, 30, 20),           \
	    CIPHER_AEAD | CIPHER_FIPS_APPROVED | CIPHER_DEFAULT, CIPHER_GCM,  \
	    16, 12, 16, 16, "AES-128-GCM")                                    \
	A("aes256-ctr", PLACES(60, 60, 30, 30, 20, 60),                       \
	    CIPHER_FIPS_APPROVED | CIPHER_DEFAULT, CIPHER_CTR, 32, 16, 16, 0, \
	    "AES-256-CTR")                                                    \
	A("aes192-ctr", PLACES(50, 50, 40, 40, 0, 50),                        \
	    CIPHER_FIPS_APPROVED | CIPHER_DEFAULT, CIPHER_CTR, 24, 16, 16, 0, \
	    "AES-192-CTR")                                                    \
	A("aes128-ctr", PLACES(40, 40, 50, 50, 40, 40),                       \
	    CIPHER_FIPS_APPROVED | CIPHER_DEFAULT, CIPHER_CTR, 16, 16, 16, 0, \
	    "AES-128-CTR")                                                    \
	A("aes128-cbc", PLACES(0, 0, 0, 0, 0, 70), CIPHER_WEAK, CIPHER_CBC,   \
	    16, 16, 16, 0, "AES-128-CBC")                                     \
	A("aes192-cbc", PLACES(0, 0, 0, 0, 0, 80), CIPHER_WEAK, CIPHER_CBC,   \
	    24, 16, 16, 0, "AES-192-CBC")                                     \
	A("aes256-cbc", PLACES(0, 0, 0, 0, 0, 90), CIPHER_WEAK, CIPHER_CBC,   \
	    32, 16, 16, 0, "AES-256-CBC")

#define MAC_TABLE(A)                                                        \
	A("umac-64-etm@openssh.com", PLACES(10, 10, 0, 0, 0, 10),           \
	    MAC_ETM | MAC_DEFAULT, MAC_UMAC, 16, 8)                         \
	A("umac-128-etm@openssh.com", PLACES(20, 20, 0, 0, 0, 20),          \
	    MAC_ETM | MAC_DEFAULT, MAC_UMAC, 16, 16)                        \
	A("hmac-sha2-256-etm@openssh.com", PLACES(30, 30, 10, 0, 0, 30),    \
	    MAC_ETM | MAC_FIPS_APPROVED | MAC_DEFAULT, MAC_SHA256, 32, 32)  \
	A("hmac-sha2-512-etm@openssh.com", PLACES(40, 40, 20, 0, 0, 40),    \
	    MAC_ETM | MAC_FIPS_APPROVED | MAC_DEFAULT, MAC_SHA512, 64, 64)  \
	A("hmac-sha1-etm@openssh.com", PLACES(0, 50, 0, 0, 0, 50), MAC_ETM, \
	    MAC_SHA1, 20, 20)                                               \
	A("umac-64@openssh.com", PLACES(50, 60, 0, 0, 0, 60), MAC_DEFAULT,  \
	    MAC_UMAC, 16, 8)                                                \
	A("umac-128@openssh.com", PLACES(60, 70, 0, 0, 0, 70), MAC_DEFAULT, \
	    MAC_UMAC, 16, 16)                                               \
	A("hmac-sha2-256", PLACES(70, 80, 30, 20, 20, 80),                  \
	    MAC_FIPS_APPROVED | MAC_DEFAULT, MAC_SHA256, 32, 32)            \
	A("hmac-sha2-512", PLACES(80, 90, 40, 10, 10, 90),                  \
	    MAC_FIPS_APPROVED | MAC_DEFAULT, MAC_SHA512, 64, 64)            \
	A("hmac-sha1", PLACES(0, 100, 0, 0, 0, 100), 0, MAC_SHA1, 20, 20)

#endif
