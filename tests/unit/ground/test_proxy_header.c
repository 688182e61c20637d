/*
 * The PROXY header: rows of headers, good and bad, and how far each is read.
 */
#include "lib/err.h"
#include "lib/proxy_header.h"
#include "tests/unit/ground/suites.h"

#include <string.h>

#define V2   "\r\n\r\n\0\r\nQUIT\n"
#define TCP4 "\xc0\x00\x02\x07\xc0\x00\x02\x01\x9c\x40\x00\x16"
#define TCP6                                         \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x9c\x40\x00\x16"
#define MAPPED                                         \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07" \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01\x9c\x40\x00\x16"
#define ZEROS_54                                                 \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define LONG_64 \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
/* CRC-32C of the row that has it. */
#define SUM	    "\x28\x43\xe7\x8c"
#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	const char *data;
	size_t len;
	int err;
	enum proxy_kind kind;
	const char *source, *destination;
} rows[] = {
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 40000 22\r\n"), 0, PROXY_ADDRESS,
	"192.0.2.7:40000", "192.0.2.1:22"},
    {BYTES("PROXY TCP6 2001:db8::7 2001:DB8::1 65535 0\r\n"), 0, PROXY_ADDRESS,
	"[2001:db8::7]:65535", "[2001:db8::1]:0"},
    {BYTES("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n"), 0, PROXY_ADDRESS,
	"192.0.2.7:1", "[::1]:2"},
    {BYTES("PROXY UNKNOWN\r\n"), 0, PROXY_UNKNOWN, NULL, NULL},
    {BYTES("PROXY UNKNOWN ffff:f...f:ffff 1 x y z\r\n"), 0, PROXY_UNKNOWN, NULL,
	NULL},
    /* 107 bytes, and one more. */
    {BYTES("PROXY UNKNOWN " LONG_64 "xxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"), 0,
	PROXY_UNKNOWN, NULL, NULL},
    {BYTES("PROXY UNKNOWN " LONG_64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
	E_TOO_LARGE, 0, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 40000 22\n"), E_FORMAT, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 40000 22 \r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 40000 22 1\r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4  192.0.2.7 192.0.2.1 40000 22\r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 40000\r\n"), E_VALUE, 0, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.07 192.0.2.1 40000 22\r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2.256 192.0.2.1 40000 22\r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2 192.0.2.1 40000 22\r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 040000 22\r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 65536 22\r\n"), E_VALUE, 0, NULL,
	NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1 -1 22\r\n"), E_VALUE, 0, NULL, NULL},
    {BYTES("PROXY TCP4 ::1 ::2 1 2\r\n"), E_VALUE, 0, NULL, NULL},
    {BYTES("PROXY TCP6 fe80::1%lo ::2 1 2\r\n"), E_VALUE, 0, NULL, NULL},
    {BYTES("PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n"), E_VALUE, 0, NULL, NULL},
    {BYTES("PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n"), E_VALUE, 0, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.7\0 192.0.2.1 1 2\r\n"), E_FORMAT, 0, NULL,
	NULL},
    {BYTES("proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n"), E_FORMAT, 0, NULL, NULL},
    {BYTES("SSH-2.0-OpenSSH_9.2p1\r\n"), E_FORMAT, 0, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.7 192.0.2.1"), E_TRUNCATED, 0, NULL, NULL},

    {BYTES(V2 "\x21\x11\x00\x0c" TCP4), 0, PROXY_ADDRESS, "192.0.2.7:40000",
	"192.0.2.1:22"},
    {BYTES(V2 "\x21\x21\x00\x24" TCP6), 0, PROXY_ADDRESS, "[2001:db8::7]:40000",
	"[2001:db8::1]:22"},
    {BYTES(V2 "\x21\x21\x00\x24" MAPPED), 0, PROXY_ADDRESS, "192.0.2.7:40000",
	"192.0.2.1:22"},
    {BYTES(V2 "\x20\x00\x00\x00"), 0, PROXY_LOCAL, NULL, NULL},
    /* Its addresses are discarded, even those that are none. */
    {BYTES(V2 "\x20\x11\x00\x0c" TCP4), 0, PROXY_LOCAL, NULL, NULL},
    {BYTES(V2 "\x20\xff\x00\x03xyz"), 0, PROXY_LOCAL, NULL, NULL},
    {BYTES(V2 "\x21\x00\x00\x00"), 0, PROXY_UNKNOWN, NULL, NULL},
    {BYTES(V2 "\x21\x31\x00\xd8" ZEROS_54 ZEROS_54 ZEROS_54 ZEROS_54), 0,
	PROXY_UNKNOWN, NULL, NULL},
    {BYTES(V2 "\x21\x31\x00\x36" ZEROS_54), E_TRUNCATED, 0, NULL, NULL},
    {BYTES(V2 "\x21\x12\x00\x0c" TCP4), E_UNSUPPORTED, 0, NULL, NULL},
    {BYTES(V2 "\x21\x41\x00\x0c" TCP4), E_VALUE, 0, NULL, NULL},
    {BYTES(V2 "\x21\x13\x00\x0c" TCP4), E_VALUE, 0, NULL, NULL},
    {BYTES(V2 "\x21\x10\x00\x0c" TCP4), E_VALUE, 0, NULL, NULL},
    {BYTES(V2 "\x22\x11\x00\x0c" TCP4), E_VALUE, 0, NULL, NULL},
    {BYTES(V2 "\x11\x11\x00\x0c" TCP4), E_UNSUPPORTED, 0, NULL, NULL},
    {BYTES(V2 "\x31\x11\x00\x0c" TCP4), E_UNSUPPORTED, 0, NULL, NULL},
    {BYTES(V2 "\x21\x11\x00\x0b\xc0\x00\x02\x07\xc0\x00\x02\x01\x9c\x40\x00"),
	E_TRUNCATED, 0, NULL, NULL},
    {BYTES(V2 "\x21\x11\x00\x0d" TCP4 "\x04"), E_TRUNCATED, 0, NULL, NULL},
    {BYTES(V2 "\x21\x11\x00\x10" TCP4 "\x04\x00\x09x"), E_TRUNCATED, 0, NULL,
	NULL},
    {BYTES(V2 "\x21\x11\xff\xff" TCP4), E_TOO_LARGE, 0, NULL, NULL},
    {BYTES(V2 "\x21\x11\x0f\xf1" TCP4), E_TOO_LARGE, 0, NULL, NULL},
    {BYTES(V2 "\x21\x11\x0f\xf0" TCP4), E_TRUNCATED, 0, NULL, NULL},
    /* An empty addition; two with a NUL, and a checksum. */
    {BYTES(V2 "\x21\x11\x00\x0f" TCP4 "\x04\x00\x00"), 0, PROXY_ADDRESS,
	"192.0.2.7:40000", "192.0.2.1:22"},
    {BYTES(V2 "\x21\x11\x00\x12" TCP4 "\x02\x00\x03"
	      "a\0b"),
	E_FORMAT, 0, NULL, NULL},
    {BYTES(V2 "\x21\x11\x00\x13" TCP4 "\x03\x00\x04" SUM), 0, PROXY_ADDRESS,
	"192.0.2.7:40000", "192.0.2.1:22"},
    {BYTES(V2 "\x21\x11\x00\x13" TCP4 "\x03\x00\x04\x01\x02\x03\x04"), E_MAC, 0,
	NULL, NULL},
    {BYTES(V2 "\x21\x11\x00\x12" TCP4 "\x03\x00\x03\x01\x02\x03"), E_FORMAT, 0,
	NULL, NULL},
    {BYTES(V2 "\x21\x11\x00\x13" TCP4 "\x20\x00\x04\x01\x02\x03\x04"),
	E_TRUNCATED, 0, NULL, NULL},
};

START_TEST(headers_are_what_the_text_says)
{
	struct proxy_header h;
	char text[NET_TEXT_MAX];

	ck_assert_int_eq(proxy_header_parse(
			     (const uint8_t *)rows[_i].data, rows[_i].len, &h),
	    rows[_i].err);
	if (rows[_i].err != 0)
		return;
	ck_assert_int_eq((int)h.kind, (int)rows[_i].kind);
	ck_assert_uint_eq(h.version, rows[_i].data[0] == 'P' ? 1 : 2);
	ck_assert_int_eq(h.source.family != NET_NONE, rows[_i].source != NULL);
	if (rows[_i].source == NULL)
		return;
	ck_assert_str_eq(net_print_port(&h.source, text), rows[_i].source);
	ck_assert_str_eq(
	    net_print_port(&h.destination, text), rows[_i].destination);
}
END_TEST

/* With the client's first line in the same segment. */
START_TEST(nothing_behind_the_header_is_read)
{
	char data[1024];
	size_t have = 0, need = 0;
	int err;

	memset(data, 'S', sizeof(data));
	memcpy(data, rows[_i].data, rows[_i].len);
	while ((err = proxy_header_need((const uint8_t *)data, have, &need)) ==
		0 &&
	    need > have) {
		ck_assert_uint_le(need, PROXY_HEADER_MAX);
		if (need > rows[_i].len)
			break; /* a good one never asks for more */
		have = need;
	}
	if (rows[_i].err == 0) {
		ck_assert_int_eq(err, 0);
		ck_assert_uint_eq(have, rows[_i].len);
		ck_assert_uint_eq(need, have);
	}
}
END_TEST

START_TEST(additions_are_bounded_and_kept)
{
	static const char head[] =
	    V2 "\x21\x11\x00\x46" TCP4 "\x02\x00\x0fssh.example.org"
	       "\x05\x00\x03\x01\xab\xff"
	       "\xe0\x00\x00"
	       "\x20\x00\x18\x07\x00\x00\x00\x00"
	       "\x21\x00\x07TLSv1.3\x22\x00\x06"
	       "client\x99\x00\x01x";
	struct proxy_header h;
	uint8_t data[16 + 12 + 3 + 256];

	ck_assert_int_eq(
	    proxy_header_parse((const uint8_t *)head, sizeof(head) - 1, &h), 0);
	ck_assert_str_eq(h.authority, "ssh.example.org");
	ck_assert_str_eq(h.unique_id, "01abff");
	ck_assert_str_eq(h.tls, "TLSv1.3");
	ck_assert_str_eq(h.tls_name, "client");
	ck_assert(h.tls_verified);
	/* One byte more than is kept: refused, not cut. */
	for (unsigned type = 2; type <= 5; type += 3) {
		size_t most =
		    type == 2 ? PROXY_TEXT_SIZE - 1 : PROXY_UNIQUE_ID_MAX;

		memset(data, 'a', sizeof(data));
		memcpy(data, head, 16 + 12);
		for (size_t len = most; len <= most + 1; len++) {
			data[14] = (uint8_t)((12 + 3 + len) >> 8);
			data[15] = (uint8_t)(12 + 3 + len);
			data[28] = (uint8_t)type;
			data[29] = (uint8_t)(len >> 8);
			data[30] = (uint8_t)len;
			ck_assert_int_eq(
			    proxy_header_parse(data, 16 + 12 + 3 + len, &h),
			    len == most ? 0 : E_TOO_LARGE);
		}
	}
}
END_TEST

Suite *
suite_proxy_header(void)
{
	Suite *s = suite_create("proxy_header");
	TCase *t = tcase_create("proxy_header");

	tcase_add_loop_test(t, headers_are_what_the_text_says, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(t, nothing_behind_the_header_is_read, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, additions_are_bounded_and_kept);
	suite_add_tcase(s, t);
	return s;
}
