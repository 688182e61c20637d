/*
 * ~/.k5login, as k5login(5) has it: principals, one a line.
 */
#include "modules/gssapi/gssapi.h"

#include <string.h>

bool
k5login_names(const char *text, size_t len, const char *principal)
{
	const char *end = text + len;
	size_t wanted = strlen(principal);

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const char *next = stop != NULL ? stop + 1 : end;

		if (stop == NULL)
			stop = end;
		while (stop > text &&
		    (stop[-1] == ' ' || stop[-1] == '\t' || stop[-1] == '\r'))
			stop--;
		if (wanted != 0 && (size_t)(stop - text) == wanted &&
		    memcmp(text, principal, wanted) == 0)
			return true;
		text = next;
	}
	return false;
}
