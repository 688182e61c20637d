/*
 * Delegated tickets on their way into a cache: all parts lie in the bytes, in
 * order, and nothing is left over.
 */
#include "daemon/ticketstore/ticketstore.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct delegated d;
	size_t at;

	if (delegated_parse(data, size, &d) != 0)
		return 0;
	at = 4 + strlen(d.principal);
	if (d.count == 0 || d.count > DELEGATED_TICKETS_MAX || at == 4)
		abort();
	for (size_t i = 0; i < d.count; i++) {
		at += 4;
		if (d.tickets[i].data != data + at)
			abort();
		at += d.tickets[i].len;
	}
	if (at != size)
		abort();
	return 0;
}
