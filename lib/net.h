/*
 * Addresses and networks, v4 and v6.  A v4-mapped v6 address is v4 from the
 * moment it is read, so that no rule can be walked around by the other form.
 */
#ifndef LIB_NET_H
#define LIB_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum net_family {
	NET_NONE = 0, /* no address: a pipe, or a socket without one */
	NET_V4 = 4,
	NET_V6 = 6,
};

struct net_address {
	uint8_t family; /* enum net_family */
	uint8_t bytes[16]; /* network order; v4 uses the first four */
	uint16_t port; /* host order */
	uint32_t scope; /* of a link-local v6 address */
};

struct net_network {
	struct net_address address;
	uint8_t bits;
	bool negated;
};

/* The longest text of an address, with scope, and with "[]:port". */
#define NET_TEXT_MAX 80

/* From a socket address; any family but AF_INET, AF_INET6: E_UNSUPPORTED. */
int net_from_sockaddr(
    const struct sockaddr *sa, socklen_t len, struct net_address *out);
/* Into *ss; returns its length, 0 for NET_NONE. */
socklen_t net_to_sockaddr(
    const struct net_address *a, struct sockaddr_storage *ss);
/* The two ends of a connected socket (NET_NONE when it is not IP). */
void net_of_socket(int fd, struct net_address *peer, struct net_address *local);

/* A numeric address (no names, no port, v6 without brackets); E_FORMAT. */
int net_parse(const char *text, struct net_address *out);
/* As net_parse, with a port: "1.2.3.4:22", "[::1]:22"; port is required. */
int net_parse_port(const char *text, struct net_address *out);

/* Print; "UNKNOWN" for NET_NONE.  Returns text. */
const char *net_print(const struct net_address *a, char text[NET_TEXT_MAX]);
const char *net_print_port(const struct net_address *a,
    char text[NET_TEXT_MAX]); /* "1.2.3.4:22", "[::1]:22" */

/* Same family and address; ports and scopes are not compared. */
bool net_equal(const struct net_address *a, const struct net_address *b);
bool net_is_loopback(const struct net_address *a);

/*
 * "10.0.0.0/8", "2001:db8::/32", or an address alone (all bits).  A prefix
 * length that is too long is E_VALUE, bits set after the prefix E_VALUE,
 * anything else malformed E_FORMAT.  "!" in front negates.
 */
int net_parse_network(const char *text, struct net_network *out);
const char *net_print_network(
    const struct net_network *n, char text[NET_TEXT_MAX]);
bool net_contains(const struct net_network *n, const struct net_address *a);

/*
 * In a list of networks: a negated one that contains the address decides at
 * once (false); otherwise true if any other does.  NET_NONE is in none.
 */
bool net_in_list(
    const struct net_network *list, size_t count, const struct net_address *a);

/*
 * The network a source counts as: the first v4_bits or v6_bits of its
 * address, the rest and the port cleared.  A key: compare with
 * net_key_equal, spread with net_key_hash.
 */
struct net_key {
	uint8_t family;
	uint8_t bits;
	uint8_t bytes[16];
};
struct net_key net_source_key(
    const struct net_address *a, unsigned v4_bits, unsigned v6_bits);
bool net_key_equal(const struct net_key *a, const struct net_key *b);
uint64_t net_key_hash(const struct net_key *k, uint64_t seed);
const char *net_key_print(const struct net_key *k, char text[NET_TEXT_MAX]);

#endif
