/*
 * The PROXY header, read as its reader reads it: never beyond the end, and a
 * header that is complete stays what it is when more comes behind it.
 */
#include "lib/mem.h"
#include "lib/proxy_header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct proxy_header *h)
{
	bool given = h->kind == PROXY_ADDRESS;

	if ((h->source.family != NET_NONE) != given ||
	    (h->destination.family != NET_NONE) != given ||
	    h->kind > PROXY_ADDRESS || h->version < 1 || h->version > 2 ||
	    strlen(h->authority) >= sizeof(h->authority) ||
	    strlen(h->unique_id) >= sizeof(h->unique_id) ||
	    strlen(h->tls) >= sizeof(h->tls) ||
	    strlen(h->tls_name) >= sizeof(h->tls_name))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header h;
	size_t have = 0, need = 0;
	/* A copy, so that a read beyond its end is seen. */
	uint8_t *copy = mem_dup(data, size);

	while (proxy_header_need(copy, have, &need) == 0 && need > have) {
		if (need > PROXY_HEADER_MAX)
			abort();
		if (need > size)
			break;
		have = need;
	}
	if (proxy_header_parse(copy, have, &h) == 0)
		check(&h);
	free(copy);
	return 0;
}
