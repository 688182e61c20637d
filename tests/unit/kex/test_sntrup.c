/*
 * sntrup761: NIST's known answers of the third round, whose first record is
 * published as a hash (PQClean, crypto_kem/sntrup761/META.yml), and the
 * arithmetic against its definition.
 */
#include "tests/unit/kex/suites.h"

#include "lib/err.h"
#include "lib/ssh/sntrup_client.h"
#include "lib/ssh/sntrup_ring.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NISTKAT \
	"afc42c3a5b10f4ef69654250097ebda9b9564570f4086744b24a6daf2bd1f89a"

/* The generator of NIST's known answers: CTR_DRBG with AES-256. */
struct drbg {
	uint8_t key[32];
	uint8_t v[16];
};

static void
drbg_block(struct drbg *d, uint8_t out[16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len;

	for (int i = 15; i >= 0 && ++d->v[i] == 0; i--)
		;
	EVP_EncryptInit_ex(ctx, EVP_aes_256_ecb(), NULL, d->key, NULL);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	ck_assert_int_eq(EVP_EncryptUpdate(ctx, out, &len, d->v, 16), 1);
	EVP_CIPHER_CTX_free(ctx);
}

static void
drbg_update(struct drbg *d, const uint8_t *data)
{
	uint8_t next[48];

	for (size_t i = 0; i < 48; i += 16)
		drbg_block(d, &next[i]);
	for (size_t i = 0; data != NULL && i < 48; i++)
		next[i] ^= data[i];
	memcpy(d->key, next, 32);
	memcpy(d->v, &next[32], 16);
}

static void
drbg_init(struct drbg *d, const uint8_t entropy[48])
{
	memset(d, 0, sizeof(*d));
	drbg_update(d, entropy);
}

static int
drbg_random(void *context, void *data, int len)
{
	struct drbg *d = context;
	uint8_t block[16], *out = data;

	for (int i = 0; i < len; i += 16) {
		drbg_block(d, block);
		memcpy(&out[i], block, (size_t)(len - i < 16 ? len - i : 16));
	}
	drbg_update(d, NULL);
	return 1;
}

static void
record(FILE *f, const char *name, const uint8_t *data, size_t len)
{
	fprintf(f, "%s = ", name);
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02X", data[i]);
	fputc('\n', f);
}

START_TEST(the_first_known_answer_of_nist_hashes_as_published)
{
	uint8_t entropy[48], seed[48], pk[SNTRUP_PK_LEN], sk[SNTRUP_SK_LEN];
	uint8_t cipher[SNTRUP_CIPHER_LEN], secret[32], again[32];
	uint32_t bits[SNTRUP_P];
	struct drbg d;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < sizeof(entropy); i++)
		entropy[i] = (uint8_t)i;
	drbg_init(&d, entropy);
	drbg_random(&d, seed, sizeof(seed));
	drbg_init(&d, seed);
	ck_assert_int_eq(sntrup_keygen_with(drbg_random, &d, pk, sk), 0);
	drbg_random(&d, bits, sizeof(bits));
	ck_assert_int_eq(sntrup_encaps_with(pk, bits, cipher, secret), 0);
	ck_assert_int_eq(sntrup_decaps(sk, cipher, again), 0);
	ck_assert_mem_eq(secret, again, 32);
	fprintf(f, "count = 0\n");
	record(f, "seed", seed, sizeof(seed));
	record(f, "pk", pk, sizeof(pk));
	record(f, "sk", sk, sizeof(sk));
	record(f, "ct", cipher, sizeof(cipher));
	record(f, "ss", secret, sizeof(secret));
	fclose(f);
	ck_assert_str_eq(sha256_hex(text, len), NISTKAT);
	free(text);
}
END_TEST

START_TEST(a_changed_ciphertext_gives_another_secret_and_always_the_same)
{
	uint8_t pk[SNTRUP_PK_LEN], sk[SNTRUP_SK_LEN], first[32], second[32];
	uint8_t cipher[SNTRUP_CIPHER_LEN], secret[32];

	ck_assert_int_eq(sntrup_keygen(pk, sk), 0);
	ck_assert_int_eq(sntrup_encaps(pk, cipher, secret), 0);
	for (size_t i = 0; i < sizeof(cipher); i += 61) {
		cipher[i] ^= 4;
		ck_assert_int_eq(sntrup_decaps(sk, cipher, first), 0);
		ck_assert_int_eq(sntrup_decaps(sk, cipher, second), 0);
		ck_assert_mem_ne(first, secret, 32);
		ck_assert_mem_eq(first, second, 32);
		cipher[i] ^= 4;
	}
	ck_assert_int_eq(sntrup_decaps(sk, cipher, first), 0);
	ck_assert_mem_eq(first, secret, 32);
}
END_TEST

START_TEST(keys_and_secrets_agree_many_times)
{
	uint8_t pk[SNTRUP_PK_LEN], sk[SNTRUP_SK_LEN], again[32];
	uint8_t cipher[SNTRUP_CIPHER_LEN], secret[32];

	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(sntrup_keygen(pk, sk), 0);
		for (int j = 0; j < 20; j++) {
			ck_assert_int_eq(sntrup_encaps(pk, cipher, secret), 0);
			ck_assert_int_eq(sntrup_decaps(sk, cipher, again), 0);
			ck_assert_mem_eq(secret, again, 32);
		}
	}
}
END_TEST

static int
centred(int64_t a, int m)
{
	int r = (int)(((a % m) + m) % m);

	return r > m / 2 ? r - m : r;
}

START_TEST(remainders_are_exact_over_their_whole_range)
{
	for (int32_t a = -(1 << 26) + 1; a < 1 << 26; a += 5) {
		if (sntrup_mod_q(a) != centred(a, SNTRUP_Q))
			ck_abort_msg("mod q of %d", a);
	}
	for (int32_t a = -(1 << 24) + 1; a < 1 << 24; a += 1) {
		if (sntrup_mod_3(a) != centred(a, 3))
			ck_abort_msg("mod 3 of %d", a);
	}
}
END_TEST

START_TEST(products_are_those_of_the_ring)
{
	static int64_t full[2 * SNTRUP_P];
	int16_t a[SNTRUP_P];
	int8_t b[SNTRUP_P];
	int32_t product[SNTRUP_P];

	srandom((unsigned)_i);
	memset(full, 0, sizeof(full));
	for (size_t i = 0; i < SNTRUP_P; i++) {
		/* The first rounds are the extremes. */
		a[i] = _i == 0 ? 2295 : (int16_t)(random() % 4591 - 2295);
		b[i] = _i <= 1 ? -1 : (int8_t)(random() % 3 - 1);
	}
	for (size_t i = 0; i < SNTRUP_P; i++) {
		for (size_t j = 0; j < SNTRUP_P; j++)
			full[i + j] += a[i] * b[j];
	}
	for (size_t i = 2 * SNTRUP_P - 2; i >= SNTRUP_P; i--) {
		full[i - SNTRUP_P] += full[i];
		full[i - SNTRUP_P + 1] += full[i];
	}
	sntrup_multiply(product, a, b);
	for (size_t i = 0; i < SNTRUP_P; i++)
		ck_assert_int_eq(product[i], full[i]);
}
END_TEST

START_TEST(short_elements_have_their_weight_whatever_the_numbers)
{
	uint32_t random[SNTRUP_P];
	int8_t r[SNTRUP_P];
	int weight = 0;

	memset(random, _i == 0 ? 0 : 0xff, sizeof(random));
	if (_i >= 2)
		ck_assert_int_eq(
		    RAND_bytes((unsigned char *)random, sizeof(random)), 1);
	sntrup_short(r, random);
	for (size_t i = 0; i < SNTRUP_P; i++) {
		ck_assert_int_ge(r[i], -1);
		ck_assert_int_le(r[i], 1);
		weight += r[i] != 0;
	}
	ck_assert_int_eq(weight, SNTRUP_W);
}
END_TEST

START_TEST(packing_and_unpacking_undo_each_other)
{
	uint8_t bytes[SNTRUP_PK_LEN], again[SNTRUP_PK_LEN];
	int16_t a[SNTRUP_P], b[SNTRUP_P];
	int8_t small[SNTRUP_P], other[SNTRUP_P];

	for (size_t i = 0; i < SNTRUP_P; i++) {
		a[i] = (int16_t)((int)(i * 7919) % 4591 - 2295);
		small[i] = (int8_t)((int)i % 3 - 1);
	}
	sntrup_pack_key(bytes, a);
	sntrup_unpack_key(b, bytes);
	ck_assert_mem_eq(a, b, sizeof(a));
	sntrup_pack_key(again, b);
	ck_assert_mem_eq(bytes, again, sizeof(bytes));
	sntrup_round(a);
	sntrup_pack_rounded(bytes, a);
	sntrup_unpack_rounded(b, bytes);
	ck_assert_mem_eq(a, b, sizeof(a));
	sntrup_pack_small(bytes, small);
	sntrup_unpack_small(other, bytes);
	ck_assert_mem_eq(small, other, sizeof(small));
}
END_TEST

/* Strangers send any bytes: all of them are some key. */
START_TEST(any_bytes_are_a_key_within_the_ring)
{
	uint8_t bytes[SNTRUP_PK_LEN], cipher[SNTRUP_CIPHER_LEN], secret[32];
	int16_t a[SNTRUP_P];

	memset(bytes, _i == 0 ? 0xff : 0, sizeof(bytes));
	if (_i >= 2)
		ck_assert_int_eq(RAND_bytes(bytes, sizeof(bytes)), 1);
	sntrup_unpack_key(a, bytes);
	for (size_t i = 0; i < SNTRUP_P; i++) {
		ck_assert_int_ge(a[i], -2295);
		ck_assert_int_le(a[i], 2295);
	}
	ck_assert_int_eq(sntrup_encaps(bytes, cipher, secret), 0);
}
END_TEST

Suite *
suite_sntrup(void)
{
	Suite *s = suite_create("sntrup");
	TCase *tc = tcase_create("sntrup");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_first_known_answer_of_nist_hashes_as_published);
	tcase_add_test(
	    tc, a_changed_ciphertext_gives_another_secret_and_always_the_same);
	tcase_add_test(tc, keys_and_secrets_agree_many_times);
	tcase_add_test(tc, remainders_are_exact_over_their_whole_range);
	tcase_add_loop_test(tc, products_are_those_of_the_ring, 0, 5);
	tcase_add_loop_test(
	    tc, short_elements_have_their_weight_whatever_the_numbers, 0, 20);
	tcase_add_test(tc, packing_and_unpacking_undo_each_other);
	tcase_add_loop_test(tc, any_bytes_are_a_key_within_the_ring, 0, 20);
	suite_add_tcase(s, tc);
	return s;
}
