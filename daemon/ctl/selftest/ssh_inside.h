/*
 * Shared by the two files of the self-test's client.
 */
#ifndef DAEMON_CTL_SELFTEST_SSH_INSIDE_H
#define DAEMON_CTL_SELFTEST_SSH_INSIDE_H

#include "daemon/ctl/selftest/ssh.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/kexinit.h"
#include "lib/ssh/ssh2.h"

struct ssh {
	int fd, watched;
	uint64_t until; /* ms */
	void (*on_watched)(void *arg);
	void *arg;
	char why[SSH_WHY_MAX], algorithms[4 * KEXINIT_NAME_MAX];
	struct buf in, packet, payload; /* the last that came */
	struct cipher *seal, *open;
	uint32_t seq_in, seq_out;
	char server_version[SSH_VERSION_MAX + 1];
	struct buf kexinit, server_kexinit;
	struct kexinit_choice choice;
	const struct kex_method *method;
	uint8_t session_id[KEX_HASH_MAX];
	size_t session_id_len;
	uint32_t channels; /* opened */
};

/* Keeps the sentence; -1. */
int ssh_fail(struct ssh *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A packet to be filled, and sent; or one that is there.  0 or -1. */
struct buf *ssh_start(struct ssh *c, uint8_t number);
int ssh_finish(struct ssh *c);
int ssh_send(struct ssh *c, const struct buf *payload);

/* The next message's number, with c->payload; or -1. */
int ssh_next(struct ssh *c);
int ssh_expect(struct ssh *c, uint8_t number);

#endif
