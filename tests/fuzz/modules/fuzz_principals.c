/*
 * A principals file, or what a principals command prints.
 */
#include "tests/fuzz/modules/stub.h"

#include "modules/publickey/certs.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request *r = stub_request();
	bool found =
	    pk_lines(r, (const char *)data, size, "fuzz", try_principal);

	/* The certificate's one principal must have been there. */
	if (found && memmem(data, size, "role", 4) == NULL)
		abort();
	stub_done(r);
	return 0;
}
