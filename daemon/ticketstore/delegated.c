/*
 * The ticketholder's form of delegated credentials: strings of RFC
 * 4251, first the principal, then its tickets.
 */
#include "daemon/ticketstore/ticketstore.h"

#include "lib/err.h"
#include "lib/rd.h"

#include <string.h>

int
delegated_parse(const uint8_t *data, size_t len, struct delegated *out)
{
	struct rd r;

	memset(out, 0, sizeof(*out));
	rd_init(&r, data, len);
	rd_text(&r, out->principal, sizeof(out->principal));
	while (r.err == 0 && rd_left(&r) > 0) {
		if (out->count == DELEGATED_TICKETS_MAX)
			return E_TOO_LARGE;
		out->tickets[out->count].data =
		    rd_string(&r, len, &out->tickets[out->count].len);
		out->count++;
	}
	if (r.err != 0)
		return r.err;
	return out->principal[0] == '\0' || out->count == 0 ? E_FORMAT : 0;
}
