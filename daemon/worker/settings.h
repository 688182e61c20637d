/*
 * All that a worker knows of the configuration: the `settings` message, and the
 * `offer` of its listener, copied.
 */
#ifndef DAEMON_WORKER_SETTINGS_H
#define DAEMON_WORKER_SETTINGS_H

#include "lib/ssh/kexinit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker_settings {
	struct kexinit_offer offer; /* the listener's */
	char *signature_algorithms; /* server-sig-algs, RFC 8308 */
	char *identification; /* what follows "SSH-2.0-" */
	uint64_t rekey_bytes;
	uint32_t rekey_seconds;
	uint32_t window_max;
	bool tcp_keepalive;
	uint8_t tos_interactive; /* the TOS byte with a terminal open, */
	uint8_t tos_bulk; /* and without */
	/* The master has sent the greeting, with this cookie: it is not sent
	 * again, but counts. */
	bool greeted;
	uint8_t cookie[KEXINIT_COOKIE];
};

#endif
