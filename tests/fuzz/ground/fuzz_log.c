/*
 * Escaping and audit records: whatever the bytes, one printable bounded line.
 */
#include "lib/audit.h"
#include "lib/escape.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *text, size_t len, size_t size)
{
	size_t n;

	if (strlen(text) != len || len >= size)
		abort();
	for (size_t i = 0; i < len; i += n)
		if ((n = escape_printable(&text[i], len - i)) == 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[AUDIT_RECORD_MAX],
	    *text = mem_strndup((const char *)data, size);
	size_t room = 8 + size % 300;

	check(out, escape(out, room, data, size, (unsigned)size % 4), room);
	audit_set_requested(text, size % 2 == 0);
	for (unsigned f = AUDIT_TEXT; f <= AUDIT_JSON; f++) {
		struct audit_output how = {.format = (enum audit_format)f};

		room = size % 3 == 0 ? 1024 : sizeof(out);
		check(out,
		    audit_encode(out, room, &how, AUDIT_auth_fail,
			&(const struct audit_auth_fail){.method = text,
			    .reason = text,
			    .fp = text,
			    .module = text}),
		    room);
	}
	free(text);
	return 0;
}
