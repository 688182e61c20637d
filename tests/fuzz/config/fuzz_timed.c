/*
 * A file of a grant for a time: any bytes, and once more what they held.
 */
#include "config/policy/timed.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct timed_grant grant, again;
	char why[TIMED_WHY_MAX], *text = NULL;
	size_t len = 0;
	FILE *out;

	if (timed_parse((const char *)data, size, &grant, why) != 0)
		return 0;
	if ((out = open_memstream(&text, &len)) == NULL)
		return 0;
	timed_write(&grant, out);
	fclose(out);
	if (timed_parse(text, len, &again, why) != 0 ||
	    memcmp(&grant, &again, sizeof(grant)) != 0)
		abort();
	free(text);
	return 0;
}
