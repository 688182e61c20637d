/*
 * What a worker is told of the configuration, made in one place: the master
 * sends it to the worker template, the monitor holds the worker's KEXINIT
 * against it.
 */
#ifndef PRIVSEP_SETTINGS_H
#define PRIVSEP_SETTINGS_H

#include "config/config.h"
#include "privsep/wall.h"

#define HOST_KEYS_MAX 32

/* The public half of a host key as the keyholder read it. */
struct host_key_blob {
	struct bytes public_key,
	    certificate; /* owned; certificate may be empty */
};

struct settings {
	char *kex; /* name-lists in our order */
	char *host_key_algorithms; /* those we have keys for */
	char *ciphers;
	char *macs;
	char *compression;
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

/* The message; it borrows from s. */
void settings_message(const struct settings *s, struct msg_settings *m);

/*
 * Which of the keys serves a negotiated algorithm, and as a certificate or
 * plain; the first that does.  -1: none.
 */
int settings_host_key(
    const struct host_key_blob *keys, size_t n_keys, const char *algorithm);

/*
 * A sample of the configured moduli file, of at most WALL_MODULI_MAX bytes,
 * drawn anew at each start; "" without one.  The caller frees.
 */
char *settings_moduli(const struct config *config);

#endif
