/*
 * SSH_MSG_KEXINIT and the negotiation (RFC 4253 section 7.1), as pure
 * functions over the two payloads: the worker negotiates with them, and the
 * monitor, which believes no worker, does it again.
 *
 *	kexinit_parse(payload, len, &client);
 *	kexinit_negotiate(&client, &server, &choice, &failed);
 *	choice.names[KEXINIT_KEX], choice.names[KEXINIT_HOST_KEY], ...
 */
#ifndef LIB_SSH_KEXINIT_H
#define LIB_SSH_KEXINIT_H

#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEXINIT_COOKIE	 16
#define KEXINIT_NAME_MAX 64 /* RFC 4251 section 6 */

/* The name-lists in wire order; IN is client to server. */
enum kexinit_list {
	KEXINIT_KEX,
	KEXINIT_HOST_KEY,
	KEXINIT_CIPHER_IN,
	KEXINIT_CIPHER_OUT,
	KEXINIT_MAC_IN,
	KEXINIT_MAC_OUT,
	KEXINIT_COMPRESSION_IN,
	KEXINIT_COMPRESSION_OUT,
	KEXINIT_LANGUAGE_IN,
	KEXINIT_LANGUAGE_OUT,
	KEXINIT_LISTS,
	KEXINIT_CHOICES = KEXINIT_LANGUAGE_IN
};

/* A parsed KEXINIT; the lists are borrowed from the payload. */
struct kexinit {
	struct kexinit_names {
		const char *data; /* not terminated */
		size_t len;
	} lists[KEXINIT_LISTS];
	bool guess_follows;
};

/* A server's offer: name-lists in its order of preference. */
struct kexinit_offer {
	const char *kex;
	const char *host_key;
	const char *ciphers;
	const char *macs;
	const char *compression;
};

struct kexinit_choice {
	/* By enum kexinit_list; a MAC is "<implicit>" beside an AEAD. */
	char names[KEXINIT_CHOICES][KEXINIT_NAME_MAX + 1];
	bool strict; /* both sides know kex-strict-*-v00@openssh.com */
	bool ext_info; /* the client takes SSH_MSG_EXT_INFO */
	bool drop_guess; /* the client's guessed packet is to be ignored */
};

#define KEXINIT_IMPLICIT "<implicit>"
#define KEXINIT_NULL	 "null" /* the host key algorithm that is none */

/*
 * Append a server's KEXINIT payload, message number included: the offer, and
 * kex-strict-s-v00@openssh.com behind its key exchange methods.
 */
void kexinit_write(struct buf *b, const uint8_t cookie[KEXINIT_COOKIE],
    const struct kexinit_offer *offer);

/* Whether payload is just what kexinit_write() makes of this offer. */
bool kexinit_matches(
    const void *payload, size_t len, const struct kexinit_offer *offer);

/*
 * Parse a payload, message number included.  0, E_TRUNCATED, E_TRAILING,
 * E_TOO_LARGE, or E_FORMAT for another message number or a byte in a list
 * that RFC 4251 section 6 does not allow.
 */
int kexinit_parse(const void *payload, size_t len, struct kexinit *k);

/*
 * Negotiate: for each list the client's first name that the server has too;
 * "null" is no host key algorithm but for GSS-API's methods (RFC 4462).
 * 0; or E_NO_MATCH and the list in *failed.  strict and ext_info are what this
 * client's KEXINIT says: only the first of a connection counts for them.
 */
int kexinit_negotiate(const struct kexinit *client,
    const struct kexinit *server, struct kexinit_choice *choice,
    enum kexinit_list *failed);

/* The name of a list in messages, as OpenSSH has it: "key exchange method". */
const char *kexinit_list_name(enum kexinit_list list);

#endif
