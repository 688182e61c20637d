/*
 * The text that a login must agree to, and answers, of any bytes: a file that
 * is taken is shown without anything that could move a cursor.
 */
#include "config/consent.h"
#include "lib/escape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold_text(const char *text)
{
	size_t len = strlen(text), n;

	if (len == 0 || len > CONSENT_FILE_MAX)
		abort();
	for (size_t i = 0; i < len; i += n) {
		n = escape_printable(&text[i], len - i);
		if (n == 0 && text[i] != '\n' && text[i] != '\t')
			abort();
		n += n == 0;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *answer = malloc(size + 1);
	const char *fault = consent_text(data, size, &text);

	if ((fault == NULL) != (text != NULL))
		abort();
	if (text != NULL)
		hold_text(text);
	free(text);
	memcpy(answer, data, size);
	answer[size] = '\0';
	if (consent_agrees(answer)) {
		const char *at = answer + strspn(answer, " \t\r\n");

		if (strncasecmp(at, "yes", 3) != 0 ||
		    strspn(&at[3], " \t\r\n") != strlen(&at[3]))
			abort();
	}
	free(answer);
	return 0;
}
