/*
 * Addresses and networks: rows of texts, and what contains what.
 */
#include "lib/err.h"
#include "lib/net.h"
#include "tests/unit/ground/suites.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	const char *text;
	int err;
	const char *printed;
} addresses[] = {
    {"192.0.2.7", 0, "192.0.2.7"},
    {"2001:DB8::1", 0, "2001:db8::1"},
    {"::ffff:192.0.2.7", 0, "192.0.2.7"},
    {"::ffff:c000:207", 0, "192.0.2.7"},
    {"::192.0.2.7", 0, "::192.0.2.7"},
    {"fe80::1%7", 0, "fe80::1%7"},
    {"fe80::1%lo", 0, "fe80::1%1"},
    {"fe80::1%nosuchif", E_FORMAT, NULL},
    {"fe80::1%", E_FORMAT, NULL},
    {"fe80::1%0", E_FORMAT, NULL},
    {"", E_FORMAT, NULL},
    {"192.0.2", E_FORMAT, NULL},
    {"192.0.2.256", E_FORMAT, NULL},
    {"192.0.2.07", E_FORMAT, NULL},
    {"0x7f.1", E_FORMAT, NULL},
    {"1", E_FORMAT, NULL},
    {" 192.0.2.7", E_FORMAT, NULL},
    {"192.0.2.7 ", E_FORMAT, NULL},
    {"192.0.2.7\n", E_FORMAT, NULL},
    {"[::1]", E_FORMAT, NULL},
    {"localhost", E_FORMAT, NULL},
    {"1111:2222:3333:4444:5555:6666:7777:8888:9999", E_FORMAT, NULL},
    {"::1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	E_FORMAT, NULL},
};

START_TEST(addresses_are_numeric_and_exact)
{
	struct net_address out;
	char text[NET_TEXT_MAX];

	memset(&out, 0x5a, sizeof(out));
	ck_assert_int_eq(
	    net_parse(addresses[_i].text, &out), addresses[_i].err);
	if (addresses[_i].err == 0)
		ck_assert_str_eq(net_print(&out, text), addresses[_i].printed);
	else
		ck_assert_uint_eq(out.family, 0x5a); /* untouched */
}
END_TEST

static const struct {
	const char *text;
	int err;
	const char *printed;
} ports[] = {
    {"192.0.2.7:22", 0, "192.0.2.7:22"},
    {"[::1]:65535", 0, "[::1]:65535"},
    {"[::ffff:192.0.2.7]:22", 0, "192.0.2.7:22"},
    {"192.0.2.7", E_FORMAT, NULL},
    {"192.0.2.7:", E_FORMAT, NULL},
    {"192.0.2.7:65536", E_VALUE, NULL},
    {"192.0.2.7:99999999999", E_FORMAT, NULL},
    {"192.0.2.7:+22", E_FORMAT, NULL},
    {"192.0.2.7:022", E_FORMAT, NULL},
    {"::1:22", E_FORMAT, NULL},
    {"[192.0.2.7]:22", E_FORMAT, NULL},
    {"[::1:22", E_FORMAT, NULL},
    {"[]:22", E_FORMAT, NULL},
    {"[:22", E_FORMAT, NULL},
    {":22", E_FORMAT, NULL},
    {"", E_FORMAT, NULL},
};

START_TEST(ports_need_brackets_around_v6)
{
	struct net_address out;
	char text[NET_TEXT_MAX];

	ck_assert_int_eq(net_parse_port(ports[_i].text, &out), ports[_i].err);
	if (ports[_i].err == 0)
		ck_assert_str_eq(net_print_port(&out, text), ports[_i].printed);
}
END_TEST

static const struct {
	const char *text;
	int err;
	const char *inside, *outside;
} networks[] = {
    {"10.0.0.0/8", 0, "10.255.1.2", "11.0.0.1"},
    {"10.0.0.0/8", 0, "::ffff:10.1.1.1", "::10.1.1.1"},
    {"192.0.2.7", 0, "192.0.2.7", "192.0.2.6"},
    {"192.0.2.128/25", 0, "192.0.2.200", "192.0.2.127"},
    {"192.0.2.4/31", 0, "192.0.2.5", "192.0.2.6"},
    {"0.0.0.0/0", 0, "255.255.255.255", "::1"},
    {"::/0", 0, "2001:db8::1", "192.0.2.7"},
    {"2001:db8::/32", 0, "2001:db8:ffff::1", "2001:db9::1"},
    {"2001:db8::/33", 0, "2001:db8:7fff::1", "2001:db8:8000::1"},
    {"::1/128", 0, "::1", "::2"},
    {"::ffff:10.0.0.0/104", 0, "10.9.9.9", "11.0.0.0"},
    {"!10.0.0.0/8", 0, "10.0.0.1", "11.0.0.1"},
    {"10.0.0.1/8", E_VALUE, NULL, NULL},
    {"10.0.0.0/33", E_VALUE, NULL, NULL},
    {"::1/129", E_VALUE, NULL, NULL},
    {"2001:db8::1/64", E_VALUE, NULL, NULL},
    {"::ffff:10.0.0.0/90", E_VALUE, NULL, NULL},
    {"10.0.0.0/", E_FORMAT, NULL, NULL},
    {"10.0.0.0/08", E_FORMAT, NULL, NULL},
    {"10.0.0.0/-1", E_FORMAT, NULL, NULL},
    {"10.0.0.0/8/8", E_FORMAT, NULL, NULL},
    {"10.0.0.0/255.0.0.0", E_FORMAT, NULL, NULL},
    {"10/8", E_FORMAT, NULL, NULL},
    {"/8", E_FORMAT, NULL, NULL},
    {"!", E_FORMAT, NULL, NULL},
    {"!!10.0.0.0/8", E_FORMAT, NULL, NULL},
    {"fe80::%1/64", E_FORMAT, NULL, NULL},
    {"", E_FORMAT, NULL, NULL},
};

START_TEST(networks_with_wrong_masks_are_refused)
{
	struct net_address in, outside;
	struct net_network n;

	ck_assert_int_eq(
	    net_parse_network(networks[_i].text, &n), networks[_i].err);
	if (networks[_i].err != 0)
		return;
	ck_assert_int_eq(net_parse(networks[_i].inside, &in), 0);
	ck_assert_int_eq(net_parse(networks[_i].outside, &outside), 0);
	ck_assert(net_contains(&n, &in));
	ck_assert(!net_contains(&n, &outside));
	ck_assert_int_eq(n.negated, networks[_i].text[0] == '!');
}
END_TEST

START_TEST(a_network_prints_as_it_is_read)
{
	struct net_network n, again;
	char text[NET_TEXT_MAX];

	if (networks[_i].err != 0)
		return;
	net_parse_network(networks[_i].text, &n);
	ck_assert_int_eq(
	    net_parse_network(net_print_network(&n, text), &again), 0);
	ck_assert_mem_eq(&n, &again, sizeof(n));
}
END_TEST

START_TEST(a_negated_network_wins_in_a_list)
{
	struct net_network list[3];
	struct net_address a, none = {0};

	net_parse_network("10.0.0.0/8", &list[0]);
	net_parse_network("!10.1.0.0/16", &list[1]);
	net_parse_network("2001:db8::/32", &list[2]);
	net_parse("10.2.0.1", &a);
	ck_assert(net_in_list(list, 3, &a));
	net_parse("10.1.0.1", &a);
	ck_assert(!net_in_list(list, 3, &a));
	net_parse("192.0.2.1", &a);
	ck_assert(!net_in_list(list, 3, &a));
	ck_assert(!net_in_list(list, 3, &none));
	ck_assert(!net_in_list(list, 0, &a));
}
END_TEST

START_TEST(source_keys_are_masked_and_forget_the_port)
{
	struct net_address a, b;
	struct net_key x, y;
	char text[NET_TEXT_MAX];

	net_parse_port("[2001:db8:1:2:3::4]:1000", &a);
	net_parse_port("[2001:db8:1:2:ffff::9]:2000", &b);
	x = net_source_key(&a, 32, 64);
	y = net_source_key(&b, 32, 64);
	ck_assert(net_key_equal(&x, &y));
	ck_assert_uint_eq(net_key_hash(&x, 5), net_key_hash(&y, 5));
	ck_assert_uint_ne(net_key_hash(&x, 5), net_key_hash(&x, 6));
	ck_assert_str_eq(net_key_print(&x, text), "2001:db8:1:2::/64");
	y = net_source_key(&b, 32, 128);
	ck_assert(!net_key_equal(&x, &y));
	net_parse("192.0.2.7", &a);
	x = net_source_key(&a, 99, 64); /* more bits than there are */
	ck_assert_str_eq(net_key_print(&x, text), "192.0.2.7/32");
	x = net_source_key(&a, 20, 64);
	ck_assert_str_eq(net_key_print(&x, text), "192.0.0.0/20");
}
END_TEST

START_TEST(a_mapped_socket_address_is_v4)
{
	struct sockaddr_in6 in6 = {
	    .sin6_family = AF_INET6, .sin6_port = htons(22)};
	struct sockaddr_storage ss;
	struct net_address a, b;
	int s[2];

	inet_pton(AF_INET6, "::ffff:192.0.2.7", &in6.sin6_addr);
	ck_assert_int_eq(
	    net_from_sockaddr((struct sockaddr *)&in6, sizeof(in6), &a), 0);
	ck_assert_uint_eq(a.family, NET_V4);
	ck_assert_uint_eq(a.port, 22);
	ck_assert_uint_eq(net_to_sockaddr(&a, &ss), sizeof(struct sockaddr_in));
	ck_assert_int_eq(net_from_sockaddr((struct sockaddr *)&ss,
			     sizeof(struct sockaddr_in), &b),
	    0);
	ck_assert(net_equal(&a, &b));
	/* Too short for its family, and no IP at all. */
	ck_assert_int_eq(
	    net_from_sockaddr((struct sockaddr *)&in6, 8, &b), E_UNSUPPORTED);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	net_of_socket(s[0], &a, &b);
	ck_assert_uint_eq(a.family, NET_NONE);
	ck_assert(!net_equal(&a, &b));
	close(s[0]);
	close(s[1]);
}
END_TEST

Suite *
suite_net(void)
{
	Suite *s = suite_create("net");
	TCase *t = tcase_create("net");

	tcase_add_loop_test(t, addresses_are_numeric_and_exact, 0,
	    (int)(sizeof(addresses) / sizeof(addresses[0])));
	tcase_add_loop_test(t, ports_need_brackets_around_v6, 0,
	    (int)(sizeof(ports) / sizeof(ports[0])));
	tcase_add_loop_test(t, networks_with_wrong_masks_are_refused, 0,
	    (int)(sizeof(networks) / sizeof(networks[0])));
	tcase_add_loop_test(t, a_network_prints_as_it_is_read, 0,
	    (int)(sizeof(networks) / sizeof(networks[0])));
	tcase_add_test(t, a_negated_network_wins_in_a_list);
	tcase_add_test(t, source_keys_are_masked_and_forget_the_port);
	tcase_add_test(t, a_mapped_socket_address_is_v4);
	suite_add_tcase(s, t);
	return s;
}
