/*
 * The header of the PROXY protocol, as HAProxy's proxy-protocol.txt has it:
 * section 2.1 is version 1, a line of text; section 2.2 is version 2, binary
 * with additions (TLV).  Everything here comes from the network.
 */
#include "lib/proxy_header.h"

#include "lib/err.h"
#include "lib/rd.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string.h>

/* Tells the version; the shortest header of either is longer. */
#define SIGNATURE_LEN 12
static const uint8_t signature[SIGNATURE_LEN] = {
    '\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

/* Version 1. */
#define V1_MAX 107 /* with CR LF: section 2.1 */
static const char line_start[] = "PROXY ";

/* Version 2. */
#define FIXED_LEN 16 /* signature, command, family, length */
#define UNIX_LEN  216 /* two paths */

enum { COMMAND_LOCAL = 0, COMMAND_PROXY = 1 };
enum { FAMILY_NONE = 0, FAMILY_INET = 1, FAMILY_INET6 = 2, FAMILY_UNIX = 3 };
enum { OVER_NONE = 0, OVER_STREAM = 1, OVER_DATAGRAM = 2 };
enum {
	TLV_AUTHORITY = 0x02,
	TLV_CRC32C = 0x03,
	TLV_UNIQUE_ID = 0x05,
	TLV_SSL = 0x20,
	SSL_VERSION = 0x21,
	SSL_CN = 0x22
};
/* Bits of the first byte of TLV_SSL. */
#define CLIENT_SSL	 0x01
#define CLIENT_CERT_CONN 0x02
#define CLIENT_CERT_SESS 0x04

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int
need_line(const uint8_t *data, size_t have, size_t *need)
{
	const bool complete = have > 0 && data[have - 1] == '\n';

	if (have > V1_MAX || (!complete && have == V1_MAX))
		return E_TOO_LARGE;
	*need = complete ? have : have + 1;
	return 0;
}

static int
need_binary(const uint8_t *data, size_t have, size_t *need)
{
	*need = FIXED_LEN;
	if (have < FIXED_LEN)
		return 0;
	if (data[12] >> 4 != 2)
		return E_UNSUPPORTED;
	*need = FIXED_LEN + ((size_t)data[14] << 8 | data[15]);
	return *need > PROXY_HEADER_MAX ? E_TOO_LARGE : 0;
}

int
proxy_header_need(const uint8_t *data, size_t have, size_t *need)
{
	const size_t start = sizeof(line_start) - 1;

	*need = SIGNATURE_LEN;
	if (memcmp(data, line_start, smaller(have, start)) == 0)
		return have < SIGNATURE_LEN ? 0 : need_line(data, have, need);
	if (memcmp(data, signature, smaller(have, SIGNATURE_LEN)) != 0)
		return E_FORMAT;
	return have < SIGNATURE_LEN ? 0 : need_binary(data, have, need);
}

/* The next word of a line, which one space ends, or the line's end. */
static const char *
next_word(char **at)
{
	char *word = *at;
	char *space = strchr(word, ' ');

	if (space == NULL) {
		*at = word + strlen(word);
		return word;
	}
	*space = '\0';
	*at = space + 1;
	return word;
}

/* Decimal without leading zeros. */
static bool
read_port(const char *word, uint16_t *port)
{
	unsigned value = 0;
	size_t len = strlen(word);

	if (len == 0 || len > 5 || strspn(word, "0123456789") != len ||
	    (word[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (unsigned)(word[i] - '0');
	if (value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* bytes: 4 or 16 of them, in network order. */
static void
set_address(
    struct net_address *a, const uint8_t *bytes, size_t len, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	const struct sockaddr *sa = (const struct sockaddr *)&in6;
	socklen_t size = sizeof(in6);

	if (len == 4) {
		memcpy(&in.sin_addr, bytes, len);
		in.sin_port = htons(port);
		sa = (const struct sockaddr *)&in;
		size = sizeof(in);
	} else {
		memcpy(&in6.sin6_addr, bytes, len);
		in6.sin6_port = htons(port);
	}
	(void)net_from_sockaddr(sa, size, a);
}

static bool
read_address(
    int family, const char *word, const char *port_word, struct net_address *a)
{
	uint8_t bytes[16];
	uint16_t port;

	if (inet_pton(family, word, bytes) != 1 || !read_port(port_word, &port))
		return false;
	set_address(a, bytes, family == AF_INET ? 4 : 16, port);
	return true;
}

static int
parse_line(const uint8_t *data, size_t len, struct proxy_header *h)
{
	char line[V1_MAX + 1], *at = line;
	const char *kind, *source, *destination, *source_port, *port;
	int family;

	if (len > V1_MAX || len < 2 || data[len - 2] != '\r' ||
	    memchr(data, '\0', len) != NULL)
		return E_FORMAT;
	memcpy(line, data, len - 2);
	line[len - 2] = '\0';
	h->version = 1;
	(void)next_word(&at); /* PROXY */
	kind = next_word(&at);
	if (strcmp(kind, "UNKNOWN") == 0) {
		h->kind = PROXY_UNKNOWN; /* the rest of the line is ignored */
		return 0;
	}
	if (strcmp(kind, "TCP4") != 0 && strcmp(kind, "TCP6") != 0)
		return E_VALUE;
	family = kind[3] == '4' ? AF_INET : AF_INET6;
	source = next_word(&at);
	destination = next_word(&at);
	source_port = next_word(&at);
	port = at; /* all that is left: a further word is no port */
	if (!read_address(family, source, source_port, &h->source) ||
	    !read_address(family, destination, port, &h->destination))
		return E_VALUE;
	h->kind = PROXY_ADDRESS;
	return 0;
}

static int
parse_addresses(struct rd *r, unsigned family, struct proxy_header *h)
{
	size_t size = family == FAMILY_INET ? 4 : 16;
	const uint8_t *source = rd_bytes(r, size);
	const uint8_t *destination = rd_bytes(r, size);
	uint16_t source_port = rd_u16(r), port = rd_u16(r);

	if (r->err != 0)
		return r->err;
	set_address(&h->source, source, size, source_port);
	set_address(&h->destination, destination, size, port);
	h->kind = PROXY_ADDRESS;
	return 0;
}

/*
 * Section 2.2: what is not assigned is refused; a family without an address
 * of ours leaves the balancer's.
 */
static int
parse_family(struct rd *r, uint8_t byte, struct proxy_header *h)
{
	unsigned family = byte >> 4, over = byte & 15;

	h->kind = PROXY_UNKNOWN;
	if (family > FAMILY_UNIX || over > OVER_DATAGRAM ||
	    (family == FAMILY_NONE) != (over == OVER_NONE))
		return E_VALUE;
	if (over == OVER_DATAGRAM)
		return E_UNSUPPORTED;
	if (family == FAMILY_UNIX)
		(void)rd_bytes(r, UNIX_LEN);
	if (family == FAMILY_UNIX || family == FAMILY_NONE)
		return r->err;
	return parse_addresses(r, family, h);
}

static int
keep_text(char *to, size_t size, const uint8_t *value, size_t len)
{
	if (len >= size)
		return E_TOO_LARGE;
	if (memchr(value, '\0', len) != NULL)
		return E_FORMAT;
	memcpy(to, value, len);
	to[len] = '\0';
	return 0;
}

static int
keep_unique_id(struct proxy_header *h, const uint8_t *value, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	if (len > PROXY_UNIQUE_ID_MAX)
		return E_TOO_LARGE;
	for (size_t i = 0; i < len; i++) {
		h->unique_id[2 * i] = digits[value[i] >> 4];
		h->unique_id[2 * i + 1] = digits[value[i] & 15];
	}
	h->unique_id[2 * len] = '\0';
	return 0;
}

/* One addition's head and value; false: the reader has failed. */
static bool
next_tlv(struct rd *r, uint8_t *type, const uint8_t **value, size_t *len)
{
	*type = rd_u8(r);
	*len = rd_u16(r);
	*value = rd_bytes(r, *len);
	return r->err == 0;
}

static int
parse_tls(struct proxy_header *h, const uint8_t *data, size_t size)
{
	struct rd r;
	const uint8_t *value;
	uint8_t client, type;
	uint32_t verify;
	size_t len;
	int err = 0;

	rd_init(&r, data, size);
	client = rd_u8(&r);
	verify = rd_u32(&r);
	while (
	    err == 0 && rd_left(&r) > 0 && next_tlv(&r, &type, &value, &len)) {
		if (type == SSL_VERSION && (client & CLIENT_SSL) != 0)
			err = keep_text(h->tls, sizeof(h->tls), value, len);
		else if (type == SSL_CN)
			err = keep_text(
			    h->tls_name, sizeof(h->tls_name), value, len);
	}
	h->tls_verified = verify == 0 &&
	    (client & (CLIENT_CERT_CONN | CLIENT_CERT_SESS)) != 0;
	return err != 0 ? err : rd_end(&r);
}

/* CRC-32C (RFC 4960 appendix B), of a header whose own field counts as 0. */
static uint32_t
checksum(const uint8_t *data, size_t len, size_t field)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		sum ^= i >= field && i < field + 4 ? 0 : data[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (UINT32_C(0x82f63b78) & -(sum & 1));
	}
	return ~sum;
}

static int
check_sum(const struct rd *r, const uint8_t *value, size_t len)
{
	uint32_t said;

	if (len != 4)
		return E_FORMAT;
	said = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 |
	    (uint32_t)value[2] << 8 | value[3];
	return checksum(r->data, r->len, (size_t)(value - r->data)) == said ?
	    0 :
	    E_MAC;
}

static int
parse_additions(struct rd *r, struct proxy_header *h)
{
	const uint8_t *value;
	uint8_t type;
	size_t len;
	int err = 0;

	while (err == 0 && rd_left(r) > 0 && next_tlv(r, &type, &value, &len)) {
		if (type == TLV_AUTHORITY)
			err = keep_text(
			    h->authority, sizeof(h->authority), value, len);
		else if (type == TLV_UNIQUE_ID)
			err = keep_unique_id(h, value, len);
		else if (type == TLV_SSL)
			err = parse_tls(h, value, len);
		else if (type == TLV_CRC32C)
			err = check_sum(r, value, len);
	}
	return err != 0 ? err : rd_end(r);
}

static int
parse_binary(const uint8_t *data, size_t len, struct proxy_header *h)
{
	struct rd r;
	uint8_t command, family;
	int err;

	rd_init(&r, data, len);
	(void)rd_bytes(&r, SIGNATURE_LEN);
	command = rd_u8(&r) & 15;
	family = rd_u8(&r);
	(void)rd_u16(&r); /* the length, by which it was read */
	h->version = 2;
	if (r.err != 0)
		return r.err;
	/* Its addresses and additions are to be discarded (section 2.2). */
	if (command == COMMAND_LOCAL) {
		h->kind = PROXY_LOCAL;
		return 0;
	}
	if (command != COMMAND_PROXY)
		return E_VALUE;
	err = parse_family(&r, family, h);
	return err != 0 ? err : parse_additions(&r, h);
}

int
proxy_header_parse(const uint8_t *data, size_t len, struct proxy_header *out)
{
	struct proxy_header h = {0};
	size_t need = 0;
	int err = proxy_header_need(data, len, &need);

	if (err == 0 && need != len)
		err = need > len ? E_TRUNCATED : E_TRAILING;
	if (err == 0)
		err = data[0] == 'P' ? parse_line(data, len, &h) :
				       parse_binary(data, len, &h);
	if (err == 0)
		*out = h;
	return err;
}
