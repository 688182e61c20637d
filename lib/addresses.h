/*
 * The addresses of a name, and their form in a message: each family u8,
 * scope u32, then 4 or 16 bytes.
 */
#ifndef LIB_ADDRESSES_H
#define LIB_ADDRESSES_H

#include "lib/net.h"

#define ADDRESSES_MAX	16
#define ADDRESSES_BYTES (ADDRESSES_MAX * 21)

struct addresses {
	struct net_address items[ADDRESSES_MAX];
	size_t count;
};

/* Into bytes; ports are left out.  Returns how many there are. */
size_t addresses_write(
    const struct addresses *a, uint8_t bytes[ADDRESSES_BYTES]);

/* Each with this port.  E_FORMAT, and *out empty, if it is anything else. */
int addresses_read(
    const void *data, size_t len, uint16_t port, struct addresses *out);

#endif
