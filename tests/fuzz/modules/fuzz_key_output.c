/*
 * The output of a key command, or a user's authorized_keys.
 */
#include "tests/fuzz/modules/stub.h"

#include "modules/publickey/keys.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request *r = stub_request();
	bool found = pk_lines(r, (const char *)data, size, "fuzz", try_line);

	/* A line that accepts the certificate must hold its CA's key. */
	if (found && memmem(data, size, "ssh-ed25519", 11) == NULL)
		abort();
	stub_done(r);
	return 0;
}
