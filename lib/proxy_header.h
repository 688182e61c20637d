/*
 * The header of the PROXY protocol, versions 1 and 2 (HAProxy's
 * proxy-protocol.txt): a balancer says with it where a connection really comes
 * from.  Pure functions over bytes from the network, for the process that
 * reads them (daemon/worker/header.c).
 */
#ifndef LIB_PROXY_HEADER_H
#define LIB_PROXY_HEADER_H

#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest header that is taken, with its additions. */
#define PROXY_HEADER_MAX 4096

/* Room for a text of an addition, with its terminator. */
#define PROXY_TEXT_SIZE 256
/* PP2_TYPE_UNIQUE_ID has at most 128 bytes. */
#define PROXY_UNIQUE_ID_MAX 128

enum proxy_kind {
	PROXY_LOCAL, /* the balancer's own connection: a health check */
	PROXY_UNKNOWN, /* for a client without an address that we know */
	PROXY_ADDRESS, /* for the client of `source` */
	PROXY_KIND_COUNT
};

struct proxy_header {
	unsigned version; /* 1 or 2 */
	enum proxy_kind kind;
	/* The client, and where it connected to; NET_NONE unless
	 * PROXY_ADDRESS. */
	struct net_address source, destination;
	/* Version 2; empty: it did not say. */
	char authority[PROXY_TEXT_SIZE]; /* the host name of TLS's SNI */
	char unique_id[2 * PROXY_UNIQUE_ID_MAX + 1]; /* hexadecimal */
	char tls[PROXY_TEXT_SIZE]; /* "TLSv1.3", when the client spoke TLS */
	char tls_name[PROXY_TEXT_SIZE]; /* common name of its certificate */
	bool tls_verified; /* that certificate was presented, and is good */
};

/*
 * How long the header is as far as its first `have` bytes tell: *need is have
 * when it is complete, else larger, and never beyond its end.  A version 1
 * header has no length, so it grows by one byte.  0; E_FORMAT: this is no
 * header; E_UNSUPPORTED: of another version; E_TOO_LARGE.
 */
int proxy_header_need(const uint8_t *data, size_t have, size_t *need);

/*
 * A complete header.  0; E_FORMAT (malformed), E_VALUE (an address, a port, a
 * family or a command that is none), E_UNSUPPORTED (a version we do not know,
 * datagrams), E_TOO_LARGE (an addition is larger than its limit), E_TRUNCATED,
 * E_MAC (its checksum does not match).  out is valid on success only.
 */
int proxy_header_parse(
    const uint8_t *data, size_t len, struct proxy_header *out);

#endif
