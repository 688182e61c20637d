/*
 * The workers' part of the configuration, made in one place: the master sends
 * it to the worker template, the monitor compares the worker's KEXINIT with it.
 */
#ifndef PRIVSEP_SETTINGS_H
#define PRIVSEP_SETTINGS_H

#include "config/config.h"
#include "privsep/wall.h"

#define HOST_KEYS_MAX CONFIG_HOST_KEYS_MAX

/* The name of the listeners that systemd holds; one of the configuration that
 * is called the same says what is offered there. */
#define SYSTEMD_LISTENER "systemd"

/* The public half of a host key as the keyholder read it. */
struct host_key_blob {
	char *path; /* owned, as all of it; as it is configured */
	struct bytes public_key, certificate; /* certificate may be empty */
};

/* One listener's offer in key exchange. */
struct offer {
	char *kex; /* name-lists in our order */
	char *host_key_algorithms; /* those that keys serve, and "null" */
	char *ciphers;
	char *macs;
	char *compression;
	uint8_t keys[HOST_KEYS_MAX]; /* host keys, by number, in order */
	size_t n_keys;
};

struct settings {
	/* The top level's; then those of the listeners with one of their
	 * own, in the configuration's order. */
	struct offer *offers;
	size_t n_offers;
	char *signature_algorithms;
	char *identification; /* what follows "SSH-2.0-" */
	const struct config *config;
	const char *moduli;
};

/* moduli: borrowed text, may be NULL.  The caller frees. */
struct settings *settings_make(const struct config *config,
    const struct host_key_blob *keys, size_t n_keys, const char *moduli);
void settings_free(struct settings *s);

/*
 * Leave out what this process's libcrypto lacks (lib/ssh/lacking.h), after
 * kex_preload().  The worker template does so with what it was sent.
 */
void settings_leave_out_lacking(struct settings *s);

/* The software in the identification line, as configured or ours. */
const char *settings_software(const struct config *config);

/* The messages; they borrow from what they are made of. */
void settings_message(const struct settings *s, struct msg_settings *m);
void settings_offer_message(const struct offer *offer, struct msg_offer *m);

/*
 * The number of the offer of a listener, by its name.  0, the top level's, for
 * one that sets nothing itself, and for one that the configuration lacks: ""
 * (inetd), systemd's, one that stayed open as a reload could not replace it.
 */
unsigned settings_offer(const struct config *config, const char *listener);

/*
 * The first key of the offer that serves a negotiated algorithm, as a
 * certificate or plain.  -1: none.
 */
int settings_host_key(const struct offer *offer,
    const struct host_key_blob *keys, const char *algorithm);

/* Has the offer this key?  And all it has, as bits by number. */
bool settings_has_key(const struct offer *offer, unsigned key);
uint32_t settings_keys(const struct offer *offer);

/* Copy and free what belongs to a host key. */
void settings_keep_key(struct host_key_blob *blob, const char *path,
    const struct bytes *public_key, const struct bytes *certificate);
void settings_free_key(struct host_key_blob *blob);

/*
 * A sample of the configured moduli file, of at most WALL_MODULI_MAX bytes,
 * drawn anew at each start; "" without one.  The caller frees.
 */
char *settings_moduli(const struct config *config);

#endif
