/*
 * A client for tests: speaks the protocol well or badly, as it is told.
 */
#ifndef TESTS_UNIT_TRANSPORT_CLIENT_H
#define TESTS_UNIT_TRANSPORT_CLIENT_H

#include "lib/buf.h"
#include "lib/rd.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/compress.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/kexinit.h"

struct client {
	int fd;
	bool closed; /* the worker shut its side */
	bool slow; /* what it sends arrives byte by byte */
	struct buf in, out;
	struct cipher *seal, *open, *next_open;
	struct compressor *deflate;
	struct inflater *inflate;
	uint32_t seq_in, seq_out;
	/* The client's offer. */
	const char *kex, *host_key, *cipher_in, *cipher_out, *mac_in, *mac_out;
	const char *compression;
	bool guess_follows;
	const char *version;
	/* The exchange at hand. */
	char server_version[256];
	struct buf kexinit, server_kexinit, share, packet;
	struct kexinit_choice choice;
	const struct kex_method *method;
	struct kex_client *half;
	const char *token; /* of GSS-API; NULL: one that is accepted */
	uint32_t gex_min, gex_n, gex_max;
	struct buf gex_p, gex_g;
	uint8_t session_id[KEX_HASH_MAX];
	size_t session_id_len;
	bool strict;
	/* The last payload that was received. */
	uint8_t *payload;
	size_t payload_len;
};

void client_init(struct client *c, int fd);
void client_free(struct client *c);

/* Queue and write what goes. */
void client_raw(struct client *c, const void *data, size_t len);
void client_send(struct client *c, const void *payload, size_t len);
void client_number(struct client *c, uint8_t number); /* and nothing else */
void client_flush(struct client *c);

/* A packet to be filled, and sent. */
struct buf *client_start(struct client *c, uint8_t number);
void client_finish(struct client *c);

/* Read what is there; false when nothing came. */
bool client_read(struct client *c);
/* The server's line; false: not there yet. */
bool client_hello(struct client *c);
/* One packet: 0, E_AGAIN, or what is wrong with it.  In c->payload. */
int client_receive(struct client *c);

/* The steps of a key exchange. */
void client_send_kexinit(struct client *c);
void client_negotiate(struct client *c); /* c->payload is the server's */
void client_send_share(struct client *c);
/* The number of the reply. */
uint8_t client_reply(const struct client *c);
/* c->payload is the reply: check the signature, derive, send NEWKEYS. */
void client_take_reply(struct client *c);
/* c->payload is NEWKEYS. */
void client_take_newkeys(struct client *c);
/* USERAUTH_SUCCESS came. */
void client_compress(struct client *c);

#endif
