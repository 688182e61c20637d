/*
 * ~/.k5login: a principal is named only by a line that begins with it.
 */
#include "modules/gssapi/gssapi.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "ann@REALM";
	const uint8_t *at;

	if (k5login_names((const char *)data, size, ""))
		abort();
	if (!k5login_names((const char *)data, size, name))
		return 0;
	at = memmem(data, size, name, sizeof(name) - 1);
	if (at == NULL)
		abort();
	while (at != NULL && at != data && at[-1] != '\n')
		at = memmem(at + 1, size - (size_t)(at + 1 - data), name,
		    sizeof(name) - 1);
	if (at == NULL)
		abort();
	return 0;
}
