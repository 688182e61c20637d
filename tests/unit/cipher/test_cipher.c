/*
 * Sealed packets against an independent implementation; every cut, every bit.
 */
#include "tests/unit/cipher/suites.h"

#include "lib/err.h"
#include "lib/ssh/cipher.h"

#include <stdlib.h>
#include <string.h>

struct vector {
	const char *cipher, *mac;
	uint32_t seq;
	const char *hex;
};

#include "tests/unit/cipher/vectors.h"

#define VECTORS	   ((int)(sizeof(vectors) / sizeof(vectors[0])))
#define PACKET_MAX 1024

struct packet {
	uint8_t bytes[PACKET_MAX];
	size_t len;
};

static void
from_hex(const char *hex, struct packet *p)
{
	p->len = strlen(hex) / 2;
	ck_assert_uint_le(p->len, PACKET_MAX);
	for (size_t i = 0; i < p->len; i++) {
		char two[3] = {hex[2 * i], hex[2 * i + 1], 0};

		p->bytes[i] = (uint8_t)strtoul(two, NULL, 16);
	}
}

/* As make-vectors.py has them. */
static size_t
payload(uint32_t seq, uint8_t *at)
{
	size_t len = seq == 0 ? 1 : seq == 1 ? 39 : 300;

	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(seq == 0 ? 2 : seq == 1 ? i + 1 : i * 7);
	return len;
}

static struct cipher *
make(const struct vector *v, bool seal)
{
	uint8_t key[64], iv[16], mac_key[64];
	const struct mac_alg *mac = mac_find(v->mac, strlen(v->mac));
	struct cipher *c = NULL;

	for (int i = 0; i < 64; i++) {
		key[i] = (uint8_t)i;
		mac_key[i] = (uint8_t)(200 + i % 32);
	}
	for (int i = 0; i < 16; i++)
		iv[i] = (uint8_t)(100 + i);
	ck_assert_int_eq(
	    cipher_new(&c, cipher_find(v->cipher, strlen(v->cipher)), mac, seal,
		key, iv, mac_key),
	    0);
	return c;
}

/* Build and seal the packet that the vector is of. */
static void
seal_next(struct cipher *c, uint32_t seq, struct packet *p)
{
	size_t len = payload(seq, &p->bytes[CIPHER_HEAD]);
	size_t padding = cipher_padding(c, len);
	size_t whole = CIPHER_HEAD + len + padding;

	p->bytes[0] = p->bytes[1] = 0;
	p->bytes[2] = (uint8_t)((whole - 4) >> 8);
	p->bytes[3] = (uint8_t)(whole - 4);
	p->bytes[4] = (uint8_t)padding;
	memset(&p->bytes[CIPHER_HEAD + len], 0xaa, padding);
	ck_assert_int_eq(cipher_seal(c, seq, p->bytes, whole), 0);
	p->len = whole + cipher_tag(c);
}

/* Packets before the vector's, as CTR's stream and GCM's count go on. */
START_TEST(packets_are_sealed_as_the_documents_say)
{
	const struct vector *v = &vectors[_i];
	struct cipher *c = make(v, true);
	struct packet got, want;

	for (uint32_t seq = 0; seq <= v->seq; seq++)
		seal_next(c, seq, &got);
	from_hex(v->hex, &want);
	ck_assert_uint_eq(got.len, want.len);
	ck_assert_mem_eq(got.bytes, want.bytes, want.len);
	cipher_free(c);
}
END_TEST

/* Open the packets before, so that c stands at the vector's. */
static struct cipher *
stand_at(const struct vector *v)
{
	struct cipher *c = make(v, false);
	struct packet p;
	uint32_t length;

	for (uint32_t seq = 0; seq < v->seq; seq++) {
		from_hex(v[(int)seq - (int)v->seq].hex, &p);
		ck_assert_int_eq(
		    cipher_peek(c, seq, p.bytes, p.len, &length), 0);
		ck_assert_int_eq(cipher_open(c, seq, p.bytes, length), 0);
	}
	return c;
}

static int
open_it(struct cipher *c, uint32_t seq, struct packet *p)
{
	uint32_t length;
	int err = cipher_peek(c, seq, p->bytes, p->len, &length);

	if (err != 0)
		return err;
	if (length > PACKET_MAX || 4 + (size_t)length + cipher_tag(c) != p->len)
		return E_FORMAT;
	return cipher_open(c, seq, p->bytes, length);
}

START_TEST(packets_are_opened_as_the_documents_say)
{
	const struct vector *v = &vectors[_i];
	struct cipher *c = stand_at(v);
	struct packet p;
	uint8_t want[PACKET_MAX];
	size_t len = payload(v->seq, want);

	from_hex(v->hex, &p);
	ck_assert_int_eq(open_it(c, v->seq, &p), 0);
	ck_assert_mem_eq(&p.bytes[CIPHER_HEAD], want, len);
	ck_assert_uint_eq(p.bytes[CIPHER_HEAD + len], 0xaa);
	cipher_free(c);
}
END_TEST

START_TEST(the_length_is_told_at_every_cut)
{
	const struct vector *v = &vectors[_i];
	struct cipher *c = stand_at(v);
	struct packet p;
	uint32_t length = 0, want;
	size_t first =
	    v->mac[0] != '\0' && strstr(v->mac, "etm") == NULL ? 16 : 4;

	from_hex(v->hex, &p);
	want = (uint32_t)(p.len - 4 - cipher_tag(c));
	for (size_t cut = 0; cut < p.len; cut++) {
		int err = cipher_peek(c, v->seq, p.bytes, cut, &length);

		ck_assert_int_eq(err, cut < first ? E_AGAIN : 0);
		if (err == 0)
			ck_assert_uint_eq(length, want);
	}
	ck_assert(cipher_aligned(c, want));
	ck_assert(!cipher_aligned(c, want + 1));
	ck_assert_int_eq(cipher_open(c, v->seq, p.bytes, want), 0);
	cipher_free(c);
}
END_TEST

START_TEST(no_changed_bit_passes)
{
	const struct vector *v = &vectors[_i];
	struct packet p;
	struct cipher *c;

	from_hex(v->hex, &p);
	for (size_t i = 0; i < p.len; i++) {
		from_hex(v->hex, &p);
		p.bytes[i] ^= (uint8_t)(1 << (i % 8));
		c = stand_at(v);
		ck_assert_int_ne(open_it(c, v->seq, &p), 0);
		cipher_free(c);
	}
}
END_TEST

START_TEST(the_sequence_number_is_authenticated)
{
	const struct vector *v = &vectors[_i];
	struct cipher *c = stand_at(v);
	struct packet p;

	if (strstr(v->cipher, "gcm") != NULL) {
		/* GCM counts by itself: the packet does not open twice. */
		from_hex(v->hex, &p);
		ck_assert_int_eq(open_it(c, v->seq, &p), 0);
	}
	from_hex(v->hex, &p);
	ck_assert_int_ne(open_it(c, v->seq + 1, &p), 0);
	cipher_free(c);
}
END_TEST

START_TEST(the_gcm_counter_carries)
{
	const struct vector v = {"aes128-gcm@openssh.com", "", 0, ""};
	struct cipher *s, *o;
	uint8_t key[16] = {0}, iv[12];
	struct packet p;

	(void)v;
	memset(iv, 0xff, sizeof(iv));
	ck_assert_int_eq(cipher_new(&s, cipher_find(v.cipher, 22), NULL, true,
			     key, iv, NULL),
	    0);
	ck_assert_int_eq(cipher_new(&o, cipher_find(v.cipher, 22), NULL, false,
			     key, iv, NULL),
	    0);
	for (uint32_t i = 0; i < 3; i++) {
		seal_next(s, i, &p);
		ck_assert_int_eq(open_it(o, i, &p), 0);
	}
	cipher_free(s);
	cipher_free(o);
}
END_TEST

START_TEST(paddings_are_right_for_every_length)
{
	const struct vector *v = &vectors[_i];
	struct cipher *c = make(v, true);

	for (size_t len = 1; len < 600; len++) {
		size_t padding = cipher_padding(c, len);

		ck_assert_uint_ge(padding, 4);
		ck_assert_uint_lt(padding, 4 + cipher_block(c));
		ck_assert(cipher_aligned(c, (uint32_t)(1 + len + padding)));
	}
	cipher_free(c);
}
END_TEST

START_TEST(without_keys_packets_are_in_the_clear)
{
	uint8_t p[16] = {0, 0, 0, 12, 10, 2};
	uint32_t length;

	ck_assert_uint_eq(cipher_padding(NULL, 1), 10);
	ck_assert_uint_eq(cipher_tag(NULL), 0);
	ck_assert_int_eq(cipher_seal(NULL, 0, p, 16), 0);
	ck_assert_int_eq(cipher_peek(NULL, 0, p, 3, &length), E_AGAIN);
	ck_assert_int_eq(cipher_peek(NULL, 0, p, 16, &length), 0);
	ck_assert_uint_eq(length, 12);
	ck_assert_int_eq(cipher_open(NULL, 0, p, length), 0);
	ck_assert_uint_eq(p[5], 2);
}
END_TEST

START_TEST(names_come_in_order_and_by_attribute)
{
	struct buf b;

	buf_init(&b, 4096);
	cipher_names(&b, CIPHER_AEAD, CIPHER_FIPS_APPROVED);
	buf_u8(&b, 0);
	ck_assert_str_eq((char *)b.data, "chacha20-poly1305@openssh.com");
	buf_clear(&b);
	mac_names(&b, MAC_ETM, 0);
	buf_u8(&b, 0);
	ck_assert_str_eq((char *)b.data,
	    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,"
	    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
	    "hmac-sha1-etm@openssh.com");
	buf_clear(&b);
	mac_names(&b, 0, MAC_DEFAULT);
	buf_u8(&b, 0);
	ck_assert_str_eq((char *)b.data, "hmac-sha1-etm@openssh.com,hmac-sha1");
	buf_free(&b);
	ck_assert_ptr_null(cipher_find("3des-cbc", 8));
	ck_assert_ptr_null(cipher_find("none", 4));
	ck_assert_ptr_null(mac_find("hmac-md5", 8));
	ck_assert_ptr_null(cipher_find("aes128-ctrx", 11));
}
END_TEST

START_TEST(a_mac_goes_with_ctr_and_with_nothing_else)
{
	uint8_t zeros[64] = {0};
	struct cipher *c = NULL;

	ck_assert_int_eq(cipher_new(&c, cipher_find("aes128-ctr", 10), NULL,
			     true, zeros, zeros, zeros),
	    E_UNSUPPORTED);
	ck_assert_int_eq(
	    cipher_new(&c, cipher_find("aes128-gcm@openssh.com", 22), mac_at(0),
		true, zeros, zeros, zeros),
	    E_UNSUPPORTED);
	ck_assert_ptr_null(c);
}
END_TEST

Suite *
suite_cipher(void)
{
	Suite *s = suite_create("cipher");
	TCase *t = tcase_create("packets");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
	    t, packets_are_sealed_as_the_documents_say, 0, VECTORS);
	tcase_add_loop_test(
	    t, packets_are_opened_as_the_documents_say, 0, VECTORS);
	tcase_add_loop_test(t, the_length_is_told_at_every_cut, 0, VECTORS);
	tcase_add_loop_test(t, no_changed_bit_passes, 0, VECTORS);
	tcase_add_loop_test(
	    t, the_sequence_number_is_authenticated, 0, VECTORS);
	tcase_add_test(t, the_gcm_counter_carries);
	tcase_add_loop_test(t, paddings_are_right_for_every_length, 0, VECTORS);
	tcase_add_test(t, without_keys_packets_are_in_the_clear);
	tcase_add_test(t, names_come_in_order_and_by_attribute);
	tcase_add_test(t, a_mac_goes_with_ctr_and_with_nothing_else);
	suite_add_tcase(s, t);
	return s;
}
