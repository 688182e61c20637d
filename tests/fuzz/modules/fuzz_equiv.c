/*
 * shosts.equiv and ~/.shosts.
 */
#include "modules/hostbased/hostbased.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct sallyport_host *hb_host;

char *
hb_read(const struct hb_request *r, const char *path, bool of_user, size_t *len)
{
	(void)r;
	(void)path;
	(void)of_user;
	*len = 0;
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* '@' would ask NSS, which is not what is tested here. */
	if (memchr(data, '@', size) != NULL)
		return 0;
	if (hb_equiv_check((const char *)data, size, "host", "192.0.2.9", "ann",
		"ann") == HB_EQUIVALENT &&
	    memmem(data, size, "192.0.2.9", 9) == NULL &&
	    memmem(data, size, "h", 1) == NULL &&
	    memmem(data, size, "H", 1) == NULL)
		abort();
	return 0;
}
