/*
 * KEXINIT as a client sends it, and the negotiation that follows.
 */
#include "lib/ssh/kexinit.h"
#include "lib/ssh/ssh2.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kexinit_offer offer = {"curve25519-sha256",
	    "ssh-ed25519", "aes128-gcm@openssh.com,aes128-ctr", "hmac-sha2-256",
	    "none,zlib@openssh.com"};
	struct kexinit client, server;
	struct kexinit_choice choice;
	enum kexinit_list failed = KEXINIT_LISTS;
	struct buf b;

	buf_init(&b, SSH_KEXINIT_MAX);
	kexinit_write(&b, (const uint8_t *)"0123456789abcdef", &offer);
	if (kexinit_parse(b.data, b.len, &server) != 0)
		abort();
	if (kexinit_parse(data, size, &client) == 0 &&
	    kexinit_negotiate(&client, &server, &choice, &failed) != 0 &&
	    (unsigned)failed >= KEXINIT_CHOICES)
		abort();
	(void)kexinit_matches(data, size, &offer);
	buf_free(&b);
	return 0;
}
