/*
 * ML-KEM-768: vectors made with @noble/post-quantum 0.7, the accumulated
 * vectors of C2SP/CCTV in BoringSSL's form for FIPS 203, and the modulus check.
 */
#include "tests/unit/kex/suites.h"

#include "lib/err.h"
#include "lib/ssh/mlkem_client.h"
#include "lib/ssh/mlkem_poly.h"

#include "lib/ssh/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys and ciphertexts as the SHA-256 of their bytes. */
struct row {
	const char *seeds; /* d, z */
	const char *m;
	const char *ek;
	const char *dk;
	const char *cipher;
	const char *secret;
	const char *rejected; /* the secret when one byte is changed... */
	size_t changed; /* ... this one */
};

static const struct row rows[] = {
    {"20fe9e8e9e69eb7b585b56017ad3e1ea43fee020489fc0daed7d5d9c13a6ac90"
     "218295c2817ce30ca139e367aacf3fedd67b36e44213c9ef361b978121d8ab4b",
	"ca64bd236090260412de05c06c2abfa44197656d8bf116a3d8f3e1b0822662e8",
	"befa7ad57f306f04be898464e9f66aab91e2662961d55f64c18e385088d6f77b",
	"9808c3b4d0fcabc5e546148775f36eb9030f3df01292dec6a714b82c4f7c867b",
	"dd58ae6abb5b88146fdc7afc5652824c72b9998796964f387ff9ce03bf35a4e3",
	"eef716584fd5c29f805ec30d8de8f088b71d9b14a09479c1dc6251908bb7e462",
	"8ff770c60a2e88f16dc352c80c84f33495c5ec1358184490670f6e759702b1fd", 0},
    {"668e602ae82ce19345da0159caba9986398c4d9f6b815a7859067c13d6eaddf1"
     "daa7e410dcf14156d3ab3a94f42aad2b43806b9e2d50c2a63241c1d6aee238e5",
	"133e572155b4e767b73366d3b7bd7fbd8a7b061da07a5ab352673ff307bb11e8",
	"68abe5d78438bed2df9c72ef6b86cec1288b243faeb0af8bf88acb50ee634495",
	"2fb6cc1a91a727d3937a768e78a9b75384812334f78f4988ded510e8aea368ee",
	"bdb33fd11231f8a68503bfde05d65b610d684cd1040dfad546b66efab8a1f6be",
	"146b2ceccca30d7208f6e103483df368ed89bcefa5f750e9e636c76b8b7c7be5",
	"5f659ac5ba4f553b859ef3662465752171c040cd63a216f90ea1a93fb5e74a30",
	200},
    {"fe5c7783c5ec0143c4d33289801ba4c5d312988ec49e7d8486a18d0557facef4"
     "2a2bbdacdbfc08240bd7b3147363234b4e25b6850abe1f363657b26668109d05",
	"b98236d8cafd383b17becb1c5ecfdb23162ad7b74555fceac052387661f7fc00",
	"4c737c9a42fa3a25b201bde74e548a47cb564e60c9908d93b000c267854c6c37",
	"58f16e4153b396a075f0f25675f3537655c913adbb2a2a1d37d81faaa3d7e936",
	"ac24ab2c7be884b7e90d6f1e5e6f4e0e67dfc91649dbc7eb7b3c6a98ed68c29b",
	"bc5e8314aceb9ac71377bb14593aef2498a5f2e7dd762fa8ff179b3575feed45",
	"1a5518720c1bdc6e2f2f0d40a10de2493a3556239e3039975ad6c06b81d62961",
	400},
    {"8b8517efccbd8dc4613a3d9ea1326c50e04c5577e74d03c56647fd76b6829ae9"
     "ce6e21fbbbbbae2bda5a8a102b49b24e466820a31ea4a2e37b1e2abc389010d1",
	"e368b38d8763a32913c6bdf267644a0c7fd564f4a21013b2dd3a64c2efe99baf",
	"bafaa4f686f017fd7f354e66fdc6fee3806a3b7a2cdb8f922d94a6a9f6b19268",
	"fcdf9f91b090df49a8575848a06848ef53ecf08d8341720eb1659493c8415143",
	"9ed2d5494dbfcd3c313cefe58171e66a2390dfcf0e4754a70e8bb4499e152098",
	"e97e0f3209b5505d0ffca6a6cca109d75dc26670c5dcc51132c896b26864a0e9",
	"b3113cc5f7e534a963d117dc66c4fe123afd22d49c73010454268b1c7af19929",
	600},
    {"0914e6e24eca3152111dfa5d2277be5639fdf276fd07923e69bb650fd190f66e"
     "f8bd16c38f3a1abffb065946d7bd6e07addd62b7ec8f5034c42e732e1051bf41",
	"c93f032f21d1afe8d20dd6d9b2092b11514afaabae1f4989202965a9688f7f41",
	"5991b83ab46d2c1f102ee6265389157d600dd803372999d93730c585d0b621d4",
	"48993cbe5b8f6c6e8631dfff1a81141fb84da3c2a42e5e692879f05bf46040b1",
	"66f77beacbdfccd9bb9b3f2a406106b1f1d640514a27b74553b58edeac8ab5e9",
	"cc5e822229f6d556126e2942c910636ad183ca11996301ca385857ccdd7db1f3",
	"94482ca6315bf719e89ce82fed70a57bbdfd1d9f4ba1bb87168b23a38db732ce",
	800},
    {"f68bed32a3fecc67674f98e9c8e8fb9540b1ee389a98927216658926c184a06b"
     "d87856725d45cfcd14c37e317f57ec573d0dd48435e229f4d8fc3f0f0a0069e3",
	"bfc735e9a3e089aa6c7f2a058def19eab505d3112622fafe8a41ecbb17137758",
	"084f22524ff33e78c9fb7d2e54877d816c3cc5aa061e3f13809195554488b035",
	"bc91844db1e82ee5af07b694a38837331866204341b04f3970d7aa89fd1de19e",
	"1dbcad995ae13ecef5a7d67ea22919fa138af6592979b542602ce766696b30c3",
	"33a72a182fa3ebb731b8b4298f7ae3fd443dc6f09a24bc7a2542506dd4a45cb8",
	"f57bc085eb5834cb0d83460deca65f4dbaba8b447d1a6b5efc416e00ad5197b0",
	1000},
};
#define ROW_COUNT (int)(sizeof(rows) / sizeof(rows[0]))

START_TEST(keys_ciphertexts_and_secrets_are_the_known_ones)
{
	const struct row *row = &rows[_i];
	uint8_t seeds[64], m[32], ek[MLKEM_EK_LEN], dk[MLKEM_DK_LEN];
	uint8_t cipher[MLKEM_CIPHER_LEN], want[32], secret[32];

	unhex(row->seeds, seeds, sizeof(seeds));
	unhex(row->m, m, sizeof(m));
	unhex(row->secret, want, sizeof(want));
	ck_assert_int_eq(mlkem_keygen(seeds, &seeds[32], ek, dk), 0);
	ck_assert_str_eq(sha256_hex(ek, sizeof(ek)), row->ek);
	ck_assert_str_eq(sha256_hex(dk, sizeof(dk)), row->dk);
	ck_assert_int_eq(mlkem_encaps_own(ek, m, cipher, secret), 0);
	ck_assert_str_eq(sha256_hex(cipher, sizeof(cipher)), row->cipher);
	ck_assert_mem_eq(secret, want, 32);
	memset(secret, 0, sizeof(secret));
	ck_assert_int_eq(mlkem_decaps(dk, cipher, secret), 0);
	ck_assert_mem_eq(secret, want, 32);
	unhex(row->rejected, want, sizeof(want));
	cipher[row->changed] ^= 1;
	ck_assert_int_eq(mlkem_decaps(dk, cipher, secret), 0);
	ck_assert_mem_eq(secret, want, 32);
}
END_TEST

/*
 * One SHAKE128 of nothing gives every d, z, m and a false ciphertext, another
 * takes every ek, dk, ciphertext, secret and rejected secret.
 */
#ifdef SANITIZED
#define ROUNDS 1000 /* this value is ours; the published one takes long */
#define ACCUMULATED \
	"5706194c22e3e0977b570e636de7364abce0609b341433cc4eb48062080b7c76"
#else
#define ROUNDS 10000
#define ACCUMULATED \
	"f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"
#endif
#define DRAW (3 * 32 + MLKEM_CIPHER_LEN)

static void
round_of(const uint8_t *draw, EVP_MD_CTX *all)
{
	uint8_t ek[MLKEM_EK_LEN], dk[MLKEM_DK_LEN], cipher[MLKEM_CIPHER_LEN];
	uint8_t secret[32], again[32];

	ck_assert_int_eq(mlkem_keygen(draw, &draw[32], ek, dk), 0);
	ck_assert_int_eq(mlkem_encaps_own(ek, &draw[64], cipher, secret), 0);
	ck_assert_int_eq(mlkem_decaps(dk, cipher, again), 0);
	ck_assert_mem_eq(secret, again, 32);
	ck_assert_int_eq(mlkem_decaps(dk, &draw[96], again), 0);
	EVP_DigestUpdate(all, ek, sizeof(ek));
	EVP_DigestUpdate(all, dk, sizeof(dk));
	EVP_DigestUpdate(all, cipher, sizeof(cipher));
	EVP_DigestUpdate(all, secret, sizeof(secret));
	EVP_DigestUpdate(all, again, sizeof(again));
}

START_TEST(ten_thousand_rounds_come_to_the_published_value)
{
	struct digest_part nothing = {"", 0};
	EVP_MD_CTX *all = EVP_MD_CTX_new();
	uint8_t *draws = malloc((size_t)ROUNDS * DRAW), hash[32], want[32];

	ck_assert_int_eq(digest_parts(DIGEST_SHAKE128, &nothing, 1, draws,
			     (size_t)ROUNDS * DRAW),
	    0);
	ck_assert_int_eq(
	    EVP_DigestInit_ex2(all, digest_md(DIGEST_SHAKE128), NULL), 1);
	for (size_t i = 0; i < ROUNDS; i++)
		round_of(&draws[i * DRAW], all);
	ck_assert_int_eq(EVP_DigestFinalXOF(all, hash, sizeof(hash)), 1);
	unhex(ACCUMULATED, want, sizeof(want));
	ck_assert_mem_eq(hash, want, sizeof(want));
	EVP_MD_CTX_free(all);
	free(draws);
}
END_TEST

static void
set_coefficient(uint8_t *ek, size_t i, unsigned value)
{
	uint8_t *at = &ek[i / 2 * 3];

	if (i % 2 == 0) {
		at[0] = (uint8_t)value;
		at[1] = (uint8_t)((at[1] & 0xf0) | value >> 8);
	} else {
		at[1] = (uint8_t)((at[1] & 0x0f) | (value & 15) << 4);
		at[2] = (uint8_t)(value >> 4);
	}
}

/* By our own code, and by libcrypto's where that serves. */
START_TEST(a_key_with_a_coefficient_of_q_or_more_is_refused)
{
	static const unsigned bad[] = {3329, 3330, 4095};
	uint8_t seeds[64] = {1}, ek[MLKEM_EK_LEN], dk[MLKEM_DK_LEN];
	uint8_t cipher[MLKEM_CIPHER_LEN], secret[32], saved[MLKEM_EK_LEN];

	ck_assert_int_eq(mlkem_keygen(seeds, &seeds[32], ek, dk), 0);
	memcpy(saved, ek, sizeof(ek));
	for (size_t i = 0; i < 768; i += 13) {
		for (size_t j = 0; j < 3; j++) {
			set_coefficient(ek, i, bad[j]);
			ck_assert_int_eq(
			    mlkem_encaps_own(ek, seeds, cipher, secret),
			    E_VALUE);
			ck_assert_int_eq(
			    mlkem_encaps(ek, cipher, secret), E_VALUE);
		}
		set_coefficient(ek, i, 3328);
		ck_assert_int_eq(
		    mlkem_encaps_own(ek, seeds, cipher, secret), 0);
		ck_assert_int_eq(mlkem_encaps(ek, cipher, secret), 0);
		memcpy(ek, saved, sizeof(ek));
	}
}
END_TEST

START_TEST(what_serves_is_understood_by_our_own_client)
{
	uint8_t seeds[64] = {2}, ek[MLKEM_EK_LEN], dk[MLKEM_DK_LEN];
	uint8_t cipher[MLKEM_CIPHER_LEN], secret[32], again[32];

	ck_assert_int_eq(mlkem_keygen(seeds, &seeds[32], ek, dk), 0);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(mlkem_encaps(ek, cipher, secret), 0);
		ck_assert_int_eq(mlkem_decaps(dk, cipher, again), 0);
		ck_assert_mem_eq(secret, again, 32);
	}
}
END_TEST

static unsigned
bits_at(const uint8_t *bytes, size_t i, unsigned d)
{
	unsigned value = 0;

	for (unsigned b = 0; b < d; b++) {
		size_t bit = i * d + b;

		value |= (unsigned)(bytes[bit / 8] >> (bit % 8) & 1) << b;
	}
	return value;
}

/* Every coefficient there is, against the fraction as the standard has it. */
START_TEST(compression_rounds_as_the_standard_says)
{
	static const unsigned widths[] = {1, 4, 10};
	unsigned d = widths[_i];
	uint8_t bytes[MLKEM_POLY_LEN];
	struct mlkem_poly f;

	for (int base = 0; base < MLKEM_Q; base += MLKEM_N) {
		for (int i = 0; i < MLKEM_N; i++)
			f.c[i] = (int16_t)((base + i) % MLKEM_Q);
		mlkem_pack(bytes, &f, d);
		for (int i = 0; i < MLKEM_N; i++) {
			unsigned a = (unsigned)f.c[i];
			unsigned want = ((a << (d + 1)) + MLKEM_Q) /
			    (2 * MLKEM_Q) % (1u << d);

			ck_assert_uint_eq(bits_at(bytes, (size_t)i, d), want);
		}
	}
}
END_TEST

START_TEST(decompression_rounds_as_the_standard_says)
{
	static const unsigned widths[] = {1, 4, 10};
	unsigned d = widths[_i];
	uint8_t bytes[MLKEM_POLY_LEN];
	struct mlkem_poly f;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 157 + 11);
	ck_assert_int_eq(mlkem_unpack(&f, bytes, d), 0);
	for (size_t i = 0; i < MLKEM_N; i++) {
		unsigned a = bits_at(bytes, i, d);

		ck_assert_int_eq(
		    f.c[i], (int)((2 * a * MLKEM_Q + (1u << d)) / (2u << d)));
	}
}
END_TEST

START_TEST(sampling_stops_at_256_and_says_how_far_it_came)
{
	uint8_t bytes[504];
	struct mlkem_poly f;

	/* 0xfff is no coefficient; 0x000 is. */
	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_uint_eq(mlkem_sample_uniform(&f, 0, bytes, 504), 0);
	memset(bytes, 0, sizeof(bytes));
	ck_assert_uint_eq(mlkem_sample_uniform(&f, 0, bytes, 381), 254);
	ck_assert_uint_eq(mlkem_sample_uniform(&f, 0, bytes, 383), 254);
	ck_assert_uint_eq(mlkem_sample_uniform(&f, 0, bytes, 504), 256);
	ck_assert_uint_eq(mlkem_sample_uniform(&f, 255, bytes, 504), 256);
	/* 3328 and 3329 in one triple. */
	bytes[0] = 0x00;
	bytes[1] = 0x1d;
	bytes[2] = 0xd0;
	ck_assert_uint_eq(mlkem_sample_uniform(&f, 0, bytes, 3), 1);
	ck_assert_int_eq(f.c[0], 3328);
}
END_TEST

Suite *
suite_mlkem(void)
{
	Suite *s = suite_create("mlkem");
	TCase *tc = tcase_create("mlkem");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(
	    tc, keys_ciphertexts_and_secrets_are_the_known_ones, 0, ROW_COUNT);
	tcase_add_test(tc, ten_thousand_rounds_come_to_the_published_value);
	tcase_add_test(tc, a_key_with_a_coefficient_of_q_or_more_is_refused);
	tcase_add_test(tc, what_serves_is_understood_by_our_own_client);
	tcase_add_loop_test(tc, compression_rounds_as_the_standard_says, 0, 3);
	tcase_add_loop_test(
	    tc, decompression_rounds_as_the_standard_says, 0, 3);
	tcase_add_test(tc, sampling_stops_at_256_and_says_how_far_it_came);
	suite_add_tcase(s, tc);
	return s;
}
