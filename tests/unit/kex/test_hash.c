/*
 * Exchange hashes and keys: real exchanges with OpenSSH, and every way a
 * worker could send a field that no exchange has.
 */
#include "tests/unit/kex/captures.h"
#include "tests/unit/kex/suites.h"

#include "lib/err.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/ssh2.h"

#include <stdlib.h>
#include <string.h>

#define CAPTURE_COUNT (int)(sizeof(captures) / sizeof(captures[0]))
#define GEX	      3 /* the capture of a group exchange */

/* A capture as bytes. */
struct replay {
	const struct kex_method *method;
	struct kex_transcript t;
	uint8_t fields[8][40000];
	uint8_t p[MODULI_BYTES_MAX];
	uint8_t g[8];
	uint8_t hash[KEX_HASH_MAX];
	size_t hash_len;
};

static struct kex_field *
field_of(struct kex_transcript *t, int i)
{
	struct kex_field *const all[] = {&t->version_client, &t->version_server,
	    &t->kexinit_client, &t->kexinit_server, &t->host_key,
	    &t->client_share, &t->server_share, &t->secret};

	return all[i];
}

static void
replay_init(struct replay *r, const struct capture *c)
{
	memset(r, 0, sizeof(*r));
	r->method = kex_find(c->method, strlen(c->method));
	ck_assert_ptr_nonnull(r->method);
	for (int i = 0; i < 8; i++) {
		field_of(&r->t, i)->len =
		    unhex(c->fields[i], r->fields[i], sizeof(r->fields[i]));
		field_of(&r->t, i)->data = r->fields[i];
	}
	r->t.gex_min = c->min;
	r->t.gex_n = c->n;
	r->t.gex_max = c->max;
	r->t.gex_group.p = r->p;
	r->t.gex_group.p_len = unhex(c->p, r->p, sizeof(r->p));
	r->t.gex_group.g = r->g;
	r->t.gex_group.g_len = unhex(c->g, r->g, sizeof(r->g));
	r->hash_len = unhex(c->hash, r->hash, sizeof(r->hash));
}

static int
hash_of(const struct replay *r)
{
	uint8_t hash[KEX_HASH_MAX];
	size_t len;

	return kex_exchange_hash(r->method, &r->t, hash, &len);
}

START_TEST(hashes_are_those_openssh_signed)
{
	static struct replay r;
	uint8_t hash[KEX_HASH_MAX];
	size_t len = 0;

	replay_init(&r, &captures[_i]);
	ck_assert_int_eq(kex_exchange_hash(r.method, &r.t, hash, &len), 0);
	ck_assert_uint_eq(len, r.hash_len);
	ck_assert_uint_eq(len, kex_hash_len(r.method));
	ck_assert_mem_eq(hash, r.hash, len);
}
END_TEST

START_TEST(keys_are_those_openssh_used)
{
	static struct replay r;
	uint8_t out[64], want[64];

	replay_init(&r, &captures[_i]);
	unhex(captures[_i].key_a, want, sizeof(want));
	ck_assert_int_eq(
	    kex_derive_key(r.method, r.t.secret.data, r.t.secret.len, r.hash,
		r.hash_len, r.hash, r.hash_len, 'A', out, 16),
	    0);
	ck_assert_mem_eq(out, want, 16);
	unhex(captures[_i].key_f, want, sizeof(want));
	for (size_t len = 0; len <= 64; len++) {
		memset(out, 0xee, sizeof(out));
		ck_assert_int_eq(
		    kex_derive_key(r.method, r.t.secret.data, r.t.secret.len,
			r.hash, r.hash_len, r.hash, r.hash_len, 'F', out, len),
		    0);
		ck_assert_mem_eq(out, want, len);
		if (len < 64)
			ck_assert_uint_eq(out[len], 0xee);
	}
}
END_TEST

START_TEST(a_key_has_its_letter_and_its_limit)
{
	static struct replay r;
	uint8_t out[KEX_DERIVE_MAX + 1];

	replay_init(&r, &captures[0]);
	for (int c = 0; c < 128; c++)
		ck_assert_int_eq(kex_derive_key(r.method, r.t.secret.data,
				     r.t.secret.len, r.hash, r.hash_len, r.hash,
				     r.hash_len, (char)c, out, 16),
		    c >= 'A' && c <= 'F' ? 0 : E_VALUE);
	ck_assert_int_eq(
	    kex_derive_key(r.method, r.t.secret.data, r.t.secret.len, r.hash,
		r.hash_len, r.hash, r.hash_len, 'A', out, KEX_DERIVE_MAX),
	    0);
	ck_assert_int_eq(
	    kex_derive_key(r.method, r.t.secret.data, r.t.secret.len, r.hash,
		r.hash_len, r.hash, r.hash_len, 'A', out, KEX_DERIVE_MAX + 1),
	    E_VALUE);
}
END_TEST

/* No field may lose a byte unnoticed: refused, or another hash. */
START_TEST(every_cut_of_every_field_counts)
{
	static struct replay r;
	uint8_t hash[KEX_HASH_MAX];
	size_t len;

	for (int i = 0; i < 8; i++) {
		size_t whole;

		replay_init(&r, &captures[_i]);
		whole = field_of(&r.t, i)->len;
		for (size_t cut = 0; cut < whole; cut++) {
			field_of(&r.t, i)->len = cut;
			if (kex_exchange_hash(r.method, &r.t, hash, &len) == 0)
				ck_assert_mem_ne(hash, r.hash, len);
		}
	}
}
END_TEST

/* RFC 4462 section 2.1: without KEXGSS_HOSTKEY K_S is empty, and hashed. */
START_TEST(a_gss_exchange_has_no_host_key)
{
	static const char name[] = "curve25519-sha256";
	static const char gss[] = "gss-curve25519-sha256-" KEX_GSS_KERBEROS;
	static struct replay r;
	uint8_t hash[KEX_HASH_MAX], other[KEX_HASH_MAX];
	size_t len;
	int i = 0;

	while (i < CAPTURE_COUNT && strcmp(captures[i].method, name) != 0)
		i++;
	ck_assert_int_lt(i, CAPTURE_COUNT);
	replay_init(&r, &captures[i]);
	r.method = kex_find(gss, strlen(gss));
	ck_assert_int_eq(
	    kex_exchange_hash(r.method, &r.t, hash, &len), E_FORMAT);
	r.t.host_key.len = 0;
	ck_assert_int_eq(kex_exchange_hash(r.method, &r.t, hash, &len), 0);
	ck_assert_mem_ne(hash, r.hash, len);
	r.fields[3][20] ^= 1; /* I_S */
	ck_assert_int_eq(kex_exchange_hash(r.method, &r.t, other, &len), 0);
	ck_assert_mem_ne(hash, other, len);
	r.method = kex_find(name, strlen(name));
	ck_assert_int_eq(
	    kex_exchange_hash(r.method, &r.t, hash, &len), E_FORMAT);
}
END_TEST

START_TEST(shares_and_secrets_have_one_length)
{
	static struct replay r;

	for (int i = 5; i < 8; i++) {
		for (size_t len = 0; len < 2200; len++) {
			bool right;

			replay_init(&r, &captures[_i]);
			right = field_of(&r.t, i)->len == len;
			field_of(&r.t, i)->len = len;
			if (_i != GEX || i == 7)
				ck_assert_int_eq(hash_of(&r) == 0, right);
			else /* an mpint may be of any size up to the limit */
				ck_assert_int_eq(
				    hash_of(&r) == 0, len >= 1 && len <= 1024);
		}
	}
}
END_TEST

START_TEST(identification_lines_are_lines)
{
	static struct replay r;

	for (int i = 0; i < 2; i++) {
		for (int c = 0; c < 256; c++) {
			replay_init(&r, &captures[0]);
			r.fields[i][9] = (uint8_t)c;
			ck_assert_int_eq(hash_of(&r),
			    c == 0 || c == '\r' || c == '\n' ? E_FORMAT : 0);
		}
		replay_init(&r, &captures[0]);
		r.fields[i][0] = 's';
		ck_assert_int_eq(hash_of(&r), E_FORMAT);
		replay_init(&r, &captures[0]);
		memset(&r.fields[i][4], 'x', 400);
		field_of(&r.t, i)->len = SSH_VERSION_MAX;
		ck_assert_int_eq(hash_of(&r), 0);
		field_of(&r.t, i)->len = SSH_VERSION_MAX + 1;
		ck_assert_int_eq(hash_of(&r), E_FORMAT);
	}
}
END_TEST

START_TEST(kexinits_begin_as_one_and_have_a_limit)
{
	static struct replay r;

	for (int i = 2; i < 4; i++) {
		replay_init(&r, &captures[0]);
		r.fields[i][0] = SSH_MSG_NEWKEYS;
		ck_assert_int_eq(hash_of(&r), E_FORMAT);
		r.fields[i][0] = SSH_MSG_KEXINIT;
		field_of(&r.t, i)->len = SSH_KEXINIT_MAX;
		ck_assert_int_eq(hash_of(&r), 0);
		field_of(&r.t, i)->len = SSH_KEXINIT_MAX + 1;
		ck_assert_int_eq(hash_of(&r), E_FORMAT);
	}
	replay_init(&r, &captures[0]);
	r.t.host_key.len = 0;
	ck_assert_int_eq(hash_of(&r), E_FORMAT);
	r.t.host_key.len = SSH_KEY_BLOB_MAX + 1;
	ck_assert_int_eq(hash_of(&r), E_FORMAT);
}
END_TEST

START_TEST(numbers_of_a_group_exchange_are_minimal_and_in_order)
{
	static struct replay r;

	replay_init(&r, &captures[GEX]);
	r.p[0] = 0;
	ck_assert_int_eq(hash_of(&r), E_FORMAT);
	replay_init(&r, &captures[GEX]);
	r.g[0] = 0;
	ck_assert_int_eq(hash_of(&r), E_FORMAT);
	replay_init(&r, &captures[GEX]);
	r.t.gex_group.p_len = 255;
	ck_assert_int_eq(hash_of(&r), E_VALUE);
	replay_init(&r, &captures[GEX]);
	r.t.gex_group.p_len = 0;
	ck_assert_int_eq(hash_of(&r), E_FORMAT);
	replay_init(&r, &captures[GEX]);
	r.t.gex_min = r.t.gex_n + 1;
	ck_assert_int_eq(hash_of(&r), E_VALUE);
	replay_init(&r, &captures[GEX]);
	r.t.gex_max = r.t.gex_n - 1;
	ck_assert_int_eq(hash_of(&r), E_VALUE);
	for (int i = 5; i < 7; i++) {
		replay_init(&r, &captures[GEX]);
		r.fields[i][0] = 0;
		ck_assert_int_eq(hash_of(&r), E_FORMAT);
	}
	/* A secret with a needless zero, and a negative one. */
	replay_init(&r, &captures[GEX]);
	r.fields[7][4] = 0;
	r.fields[7][5] = 1;
	ck_assert_int_eq(hash_of(&r), E_FORMAT);
	r.fields[7][4] = 0x80;
	ck_assert_int_eq(hash_of(&r), E_FORMAT);
}
END_TEST

START_TEST(a_group_belongs_to_a_group_exchange)
{
	static struct replay r;

	for (int i = 0; i < GEX; i++) {
		replay_init(&r, &captures[i]);
		r.t.gex_group.p_len = 1;
		ck_assert_int_eq(hash_of(&r), E_FORMAT);
	}
}
END_TEST

Suite *
suite_hash(void)
{
	Suite *s = suite_create("hash");
	TCase *tc = tcase_create("hash");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, hashes_are_those_openssh_signed, 0, CAPTURE_COUNT);
	tcase_add_loop_test(tc, keys_are_those_openssh_used, 0, CAPTURE_COUNT);
	tcase_add_test(tc, a_key_has_its_letter_and_its_limit);
	tcase_add_loop_test(
	    tc, every_cut_of_every_field_counts, 0, CAPTURE_COUNT);
	tcase_add_loop_test(
	    tc, shares_and_secrets_have_one_length, 0, CAPTURE_COUNT);
	tcase_add_test(tc, a_gss_exchange_has_no_host_key);
	tcase_add_test(tc, identification_lines_are_lines);
	tcase_add_test(tc, kexinits_begin_as_one_and_have_a_limit);
	tcase_add_test(
	    tc, numbers_of_a_group_exchange_are_minimal_and_in_order);
	tcase_add_test(tc, a_group_belongs_to_a_group_exchange);
	suite_add_tcase(s, tc);
	return s;
}
