/*
 * A log from any bytes: events of one connection, in order of time.
 */
#include "daemon/ctl/recordings/logged.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t empty = '\n';
	struct logged l = {0};
	FILE *log = fmemopen(size > 0 ? (void *)(uintptr_t)data : &empty,
	    size > 0 ? size : 1, "r");

	if (log == NULL)
		abort();
	logged_read(&l, log, "00000000000000a1", 1796000000);
	for (size_t i = 0; i < l.count; i++)
		if (l.items[i].event == NULL || l.items[i].text == NULL ||
		    (i > 0 && l.items[i].when < l.items[i - 1].when))
			abort();
	logged_free(&l);
	fclose(log);
	return 0;
}
