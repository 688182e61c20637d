/*
 * Secrets, for every process that touches one.
 */
#include "lib/secret.h"

#include <string.h>

void
wipe(void *data, size_t len)
{
	if (len != 0)
		explicit_bzero(data, len);
}

bool
secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
