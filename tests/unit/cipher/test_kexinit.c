/*
 * KEXINIT: rows of lists and what follows from them; every cut length.
 */
#include "tests/unit/cipher/suites.h"

#include "lib/err.h"
#include "lib/ssh/kexinit.h"
#include "lib/ssh/ssh2.h"

#include <string.h>

static const struct kexinit_offer offer = {
    .kex = "k1,k2,k3",
    .host_key = "h1,h2",
    .ciphers = "aes128-gcm@openssh.com,aes128-ctr,"
	       "chacha20-poly1305@openssh.com",
    .macs = "hmac-sha2-256,hmac-sha2-512",
    .compression = "none,zlib@openssh.com",
};

static const uint8_t cookie[16] = "0123456789abcde";

static void
write_lists(struct buf *b, const char *const lists[8], bool follows)
{
	buf_u8(b, SSH_MSG_KEXINIT);
	buf_bytes(b, cookie, 16);
	for (int i = 0; i < 8; i++)
		buf_text(b, lists[i]);
	buf_text(b, "");
	buf_text(b, "");
	buf_bool(b, follows);
	buf_u32(b, 0);
}

#define STRICT "kex-strict-c-v00@openssh.com"

static const struct {
	const char *lists[8];
	bool follows;
	int err;
	enum kexinit_list failed;
	const char *kex, *host_key, *cipher, *mac;
	bool strict, ext_info, drop;
} rows[] = {
    {{"k1", "h1", "aes128-ctr", "aes128-ctr", "hmac-sha2-512", "hmac-sha2-512",
	 "none", "none"},
	false, 0, 0, "k1", "h1", "aes128-ctr", "hmac-sha2-512", false, false,
	false},
    /* the client's order decides */
    {{"x,k3,k1", "h2,h1", "x,aes128-ctr,aes128-gcm@openssh.com", "aes128-ctr",
	 "hmac-sha2-512,hmac-sha2-256", "hmac-sha2-256",
	 "zlib@openssh.com,none", "none"},
	false, 0, 0, "k3", "h2", "aes128-ctr", "hmac-sha2-512", false, false,
	false},
    /* an AEAD needs no MAC, and takes none */
    {{"k1," STRICT, "h1", "chacha20-poly1305@openssh.com",
	 "aes128-gcm@openssh.com", "x", "", "none", "none"},
	false, 0, 0, "k1", "h1", "chacha20-poly1305@openssh.com", "<implicit>",
	true, false, false},
    {{"k1,ext-info-c", "h1", "aes128-ctr", "aes128-gcm@openssh.com", "x", "",
	 "none", "none"},
	false, E_NO_MATCH, KEXINIT_MAC_IN, NULL, NULL, NULL, NULL, false, false,
	false},
    /* names that are no methods are never chosen */
    {{"kex-strict-s-v00@openssh.com,ext-info-s,k2,ext-info-c", "h1",
	 "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none",
	 "none"},
	false, 0, 0, "k2", "h1", "aes128-ctr", "hmac-sha2-256", false, true,
	false},
    {{"kex-strict-s-v00@openssh.com", "h1", "aes128-ctr", "aes128-ctr",
	 "hmac-sha2-256", "hmac-sha2-256", "none", "none"},
	false, E_NO_MATCH, KEXINIT_KEX, NULL, NULL, NULL, NULL, false, false,
	false},
    /* prefixes, and empty names */
    {{"k,k11,,k2", ",h1", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
	 "hmac-sha2-256", "none", "none"},
	false, 0, 0, "k2", "h1", "aes128-ctr", "hmac-sha2-256", false, false,
	false},
    {{"", "h1", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256",
	 "none", "none"},
	false, E_NO_MATCH, KEXINIT_KEX, NULL, NULL, NULL, NULL, false, false,
	false},
    {{"k1", "h3", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256",
	 "none", "none"},
	false, E_NO_MATCH, KEXINIT_HOST_KEY, NULL, NULL, NULL, NULL, false,
	false, false},
    {{"k1", "h1", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256",
	 "none", "zlib"},
	false, E_NO_MATCH, KEXINIT_COMPRESSION_OUT, NULL, NULL, NULL, NULL,
	false, false, false},
    /* guesses: right only if both first names agree */
    {{"k1", "h1", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256",
	 "none", "none"},
	true, 0, 0, "k1", "h1", "aes128-ctr", "hmac-sha2-256", false, false,
	false},
    {{"k2,k1", "h1", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
	 "hmac-sha2-256", "none", "none"},
	true, 0, 0, "k2", "h1", "aes128-ctr", "hmac-sha2-256", false, false,
	true},
    {{"k1", "h2", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256",
	 "none", "none"},
	true, 0, 0, "k1", "h2", "aes128-ctr", "hmac-sha2-256", false, false,
	true},
};

static void
server(struct buf *b, struct kexinit *k)
{
	buf_init(b, SSH_KEXINIT_MAX);
	kexinit_write(b, cookie, &offer);
	ck_assert_int_eq(kexinit_parse(b->data, b->len, k), 0);
}

START_TEST(the_choice_is_as_rfc4253_says)
{
	struct kexinit c, s;
	struct kexinit_choice choice;
	enum kexinit_list failed = KEXINIT_KEX;
	struct buf cb, sb;

	server(&sb, &s);
	buf_init(&cb, SSH_KEXINIT_MAX);
	write_lists(&cb, rows[_i].lists, rows[_i].follows);
	ck_assert_int_eq(kexinit_parse(cb.data, cb.len, &c), 0);
	ck_assert_int_eq(
	    kexinit_negotiate(&c, &s, &choice, &failed), rows[_i].err);
	if (rows[_i].err != 0) {
		ck_assert_int_eq(failed, rows[_i].failed);
	} else {
		ck_assert_str_eq(choice.names[KEXINIT_KEX], rows[_i].kex);
		ck_assert_str_eq(
		    choice.names[KEXINIT_HOST_KEY], rows[_i].host_key);
		ck_assert_str_eq(
		    choice.names[KEXINIT_CIPHER_IN], rows[_i].cipher);
		ck_assert_str_eq(choice.names[KEXINIT_MAC_IN], rows[_i].mac);
		ck_assert(choice.strict == rows[_i].strict);
		ck_assert(choice.ext_info == rows[_i].ext_info);
		ck_assert(choice.drop_guess == rows[_i].drop);
	}
	buf_free(&cb);
	buf_free(&sb);
}
END_TEST

START_TEST(every_cut_is_refused)
{
	struct kexinit k;
	struct buf b;

	server(&b, &k);
	for (size_t cut = 0; cut < b.len; cut++)
		ck_assert_int_ne(kexinit_parse(b.data, cut, &k), 0);
	buf_u8(&b, 0);
	ck_assert_int_eq(kexinit_parse(b.data, b.len, &k), E_TRAILING);
	buf_free(&b);
}
END_TEST

START_TEST(what_is_no_kexinit_is_refused)
{
	static const char *const odd[] = {"k 1", "k\n", "\x7f", "k\xc3\xa9"};
	const char *lists[8] = {"k1", "h1", "c", "c", "m", "m", "z", "z"};
	struct kexinit k;
	struct buf b;

	server(&b, &k);
	b.data[0] = 21;
	ck_assert_int_eq(kexinit_parse(b.data, b.len, &k), E_FORMAT);
	for (int i = 0; i < 4; i++) {
		buf_clear(&b);
		lists[i] = odd[i];
		write_lists(&b, lists, false);
		ck_assert_int_eq(kexinit_parse(b.data, b.len, &k), E_FORMAT);
		lists[i] = "k1";
	}
	buf_free(&b);
	{
		static uint8_t large[SSH_KEXINIT_MAX + 1] = {20};

		ck_assert_int_eq(
		    kexinit_parse(large, sizeof(large), &k), E_TOO_LARGE);
	}
}
END_TEST

START_TEST(ours_is_known_again)
{
	struct kexinit_offer other = offer;
	struct kexinit k;
	struct buf b;

	server(&b, &k);
	ck_assert(kexinit_matches(b.data, b.len, &offer));
	b.data[3] ^= 1; /* the cookie may be anything */
	ck_assert(kexinit_matches(b.data, b.len, &offer));
	ck_assert(!kexinit_matches(b.data, b.len - 1, &offer));
	ck_assert(!kexinit_matches(b.data, 5, &offer));
	other.kex = "k1";
	ck_assert(!kexinit_matches(b.data, b.len, &other));
	b.data[b.len - 6] ^= 1;
	ck_assert(!kexinit_matches(b.data, b.len, &offer));
	buf_free(&b);
}
END_TEST

/* A list as long as a packet may be costs no more than time in proportion. */
START_TEST(a_long_list_is_searched_to_its_end)
{
	static char names[30000];
	const char *lists[8] = {names, "h1", "aes128-ctr", "aes128-ctr",
	    "hmac-sha2-256", "hmac-sha2-256", "none", "none"};
	struct kexinit c, s;
	struct kexinit_choice choice;
	enum kexinit_list failed;
	struct buf cb, sb;

	for (size_t i = 0; i + 4 < sizeof(names); i += 2)
		memcpy(&names[i], "x,", 2);
	memcpy(&names[sizeof(names) - 4], "k2", 3);
	server(&sb, &s);
	buf_init(&cb, SSH_KEXINIT_MAX);
	write_lists(&cb, lists, false);
	ck_assert_int_eq(kexinit_parse(cb.data, cb.len, &c), 0);
	ck_assert_int_eq(kexinit_negotiate(&c, &s, &choice, &failed), 0);
	ck_assert_str_eq(choice.names[KEXINIT_KEX], "k2");
	buf_free(&cb);
	buf_free(&sb);
}
END_TEST

Suite *
suite_kexinit(void)
{
	Suite *s = suite_create("kexinit");
	TCase *t = tcase_create("kexinit");

	tcase_add_loop_test(t, the_choice_is_as_rfc4253_says, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, every_cut_is_refused);
	tcase_add_test(t, what_is_no_kexinit_is_refused);
	tcase_add_test(t, ours_is_known_again);
	tcase_add_test(t, a_long_list_is_searched_to_its_end);
	suite_add_tcase(s, t);
	return s;
}
