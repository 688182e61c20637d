/*
 * A monitor for tests of the worker: answers key exchanges with a real host
 * key, and requests by a few rules; remembers what it was told.
 */
#ifndef TESTS_UNIT_TRANSPORT_FAKE_MONITOR_H
#define TESTS_UNIT_TRANSPORT_FAKE_MONITOR_H

#include "lib/ssh/kexinit.h"
#include "privsep/wall.h"

struct key_private;

struct fake_monitor {
	struct wall wall;
	struct key_private *key; /* ed25519 */
	char client_version[SSH_VERSION_MAX + 1];
	char server_version[SSH_VERSION_MAX + 1];
	char token[16]; /* of GSS-API */
	uint8_t session_id[64];
	size_t session_id_len;
	uint32_t seen[WALL_TYPES];
	/* How it answers. */
	bool silent; /* keeps requests, answers nothing */
	bool broken_signature;
	uint64_t rekey_bytes;
	uint32_t rekey_seconds;
	const char *password; /* NULL: everybody comes in by "none" */
	/* The last messages of the worker. */
	char kex[65], cipher_in[65], cipher_out[65], compression_in[65];
	char kind[65], text[1025], user[257], method[65], line[1025];
	uint8_t payload[1024];
	size_t payload_len;
	uint8_t cause;
	uint32_t reason;
	bool closed; /* the worker is gone */
};

/* Over its end of the wall; key: see fake_monitor_key(). */
void fake_monitor_init(struct fake_monitor *f, int fd, struct key_private *key);
void fake_monitor_free(struct fake_monitor *f);
/* A fresh host key. */
struct key_private *fake_monitor_key(void);
/* Handle what is there, without waiting; or one message, waiting. */
void fake_monitor_turn(struct fake_monitor *f);
void fake_monitor_wait(struct fake_monitor *f);

#endif
