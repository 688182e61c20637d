/*
 * Lists of addresses in messages (see addresses.h).
 */
#include "lib/addresses.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"

#include <string.h>

size_t
addresses_write(const struct addresses *a, uint8_t bytes[ADDRESSES_BYTES])
{
	struct buf b;

	buf_init_over(&b, bytes, ADDRESSES_BYTES);
	for (size_t i = 0; i < a->count; i++) {
		const struct net_address *one = &a->items[i];

		buf_u8(&b, one->family);
		buf_u32(&b, one->scope);
		buf_bytes(&b, one->bytes, one->family == NET_V4 ? 4 : 16);
	}
	return b.len;
}

int
addresses_read(
    const void *data, size_t len, uint16_t port, struct addresses *out)
{
	struct rd r;

	memset(out, 0, sizeof(*out));
	rd_init(&r, data, len);
	while (rd_left(&r) > 0 && out->count < ADDRESSES_MAX) {
		struct net_address one = {.port = port};
		struct sockaddr_storage ss;
		socklen_t size;

		one.family = rd_u8(&r);
		one.scope = rd_u32(&r);
		rd_copy(&r, one.bytes, one.family == NET_V4 ? 4 : 16);
		/* Any other family, and IPv4 in the clothes of IPv6, end here.
		 */
		size = net_to_sockaddr(&one, &ss);
		if (net_from_sockaddr((struct sockaddr *)&ss, size,
			&out->items[out->count]) != 0)
			rd_fail(&r, E_FORMAT);
		else
			out->count++;
	}
	if (rd_end(&r) == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	return E_FORMAT;
}
