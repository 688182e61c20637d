/*
 * Lines of authorized_keys and principals files; what two lines grant
 * together, each of them grants alone.
 */
#include "lib/ssh/authorized_keys.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *half = size == 0 ? NULL : memchr(text, '\n', size);
	size_t first = half == NULL ? size : (size_t)(half - text);
	struct authorized_line a, b;
	char why[64];

	if (authorized_principals_parse(text, first, &a, why, sizeof(why)) == 0)
		authorized_line_free(&a);
	if (authorized_keys_parse(text, first, &a, why, sizeof(why)) != 0)
		return 0;
	if (half != NULL &&
	    authorized_keys_parse(
		&half[1], size - first - 1, &b, why, sizeof(why)) == 0) {
		bool pty = a.options.pty && b.options.pty;

		if (key_options_combine(
			&a.options, &b.options, why, sizeof(why)) == 0 &&
		    (a.options.pty != pty ||
			a.options.from_count < b.options.from_count))
			abort();
		authorized_line_free(&b);
	}
	authorized_line_free(&a);
	return 0;
}
