/*
 * The greeting, for the worker template: what a worker would send first, so
 * that the master can send it before there is a worker.
 */
#include "daemon/worker/transport/transport.h"

#include "lib/buf.h"
#include "lib/err.h"

#include <sys/random.h>

#include <string.h>

int
transport_greeting(
    const struct worker_settings *settings, struct buf *b, size_t *cookie_at)
{
	static const uint8_t zero[KEXINIT_COOKIE];
	char line[SSH_VERSION_MAX];
	uint8_t padding[32];
	struct buf payload;
	size_t pad;

	hello_ours(settings, line);
	buf_bytes(b, line, strlen(line));
	buf_bytes(b, "\r\n", 2);
	buf_init(&payload, SSH_KEXINIT_MAX);
	kexinit_ours(settings, zero, &payload);
	pad = cipher_padding(NULL, payload.len);
	if (getrandom(padding, sizeof(padding), 0) != sizeof(padding)) {
		buf_free(&payload);
		return E_SYSTEM;
	}
	buf_u32(b, (uint32_t)(1 + payload.len + pad));
	buf_u8(b, (uint8_t)pad);
	*cookie_at = b->len + 1; /* behind the message number */
	buf_bytes(b, payload.data, payload.len);
	buf_bytes(b, padding, pad);
	buf_free(&payload);
	return buf_end(b);
}
