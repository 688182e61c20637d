/*
 * ML-KEM-768 and -1024: vectors made with @noble/post-quantum 0.7 (the first
 * two keys of 1024 are of the seeds of NIST's ACVP, keyGen cases 51 and 52),
 * the accumulated vectors of C2SP/CCTV in BoringSSL's form for FIPS 203, the
 * modulus check, and libcrypto's own where it has one.
 */
#include "tests/unit/kex/suites.h"

#include "lib/err.h"
#include "lib/ssh/mlkem_client.h"
#include "lib/ssh/mlkem_poly.h"

#include "lib/ssh/digest.h"

#include <openssl/evp.h>

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

static const struct row rows_768[] = {
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

static const struct row rows_1024[] = {
    {"ee4efcf029fbeab4fe7fc51d10030b3dc0c9a81161f6645876bbaaafcef42d88"
     "7f544939f333065cfbb6842c5502ac024c645c3fd78ff13887f0233058e56a83",
	"dbec0f85486ad1d55528038dffa66f3468e1e6120bcbff9ace57b3da741e7402",
	"cf2e4057b1d3dca97287207c3ff5d1a755dae32c9bcb4a0ae3b801f2a89527f1",
	"f910c1d37fb021c56e5b59c7d3f9071408e731706299758c696f734b75c5cf5a",
	"22f47557eff0b29797cc0962f5f8f548ecbe1d3e67aa113554f5c523ab5dcd61",
	"6ab0a764bc595872a73f4022d6ab6f086a68594c817c873356bbfa10b036032e",
	"1971968890178b3ab5fb2e7c66e85386eb33775264875d28bca8f0b784bb3b17", 0},
    {"da161e57a8877101140401fcd8776762888f7a329d7513a3477ffecacf43901a"
     "9c8e067fecd312837825307613bf251068ae6b3f4754cee0960b2aba0be92645",
	"3b1f9883d4f6365136c25a868889cf8d58a28ca208a99165437d1c8a21307636",
	"a7347c21d258d7d3fcd805340a2589f837d32d8dad6ebc9d12cba3fe08079bfe",
	"849ac66fd0ccda038f40f85fb37437a9cd82c3744e890988c680388565867c8f",
	"442c89f12ef04f32977ab65c4cb7697b35b52325290058fb9972dd5699c60beb",
	"c8a89d86e147e75e25c6e1a033c8a670f97db54db924927469733aa30cfff383",
	"08addacc35964cffc5655714655b4fb7ed09923f77f1e8a733152767a753b521",
	300},
    {"94e528439bb564597d2573608ddc88d3b2047c1261fe249fdec90e14ae00e58d"
     "fbbd46d49fa034959fa8e849930e6a266c82c539fc1fd839e7dad9af607d3fad",
	"b0437e4e7b7005c99b1d3342fc3d6287229803a2f45c34789be76a0d4c5b30e1",
	"15a62255f0c134ef002119c705d39c3afebc3268265eefa301097d237e897f6e",
	"c1d5741f2dbbcb0c50586c510b4ab20326670089b654c7a7ebee5e94ea3c29d5",
	"c3e056170b541b378e0fb55b72a2fc6085a5a52cac7e805a70b3f56391f1a47f",
	"0a9f2beef114cbaf50f2b7dee025b653243c70dc51b04a9c5fd6c79840234627",
	"501b7ddf4e1e07e752b98aa934dd479b0849ef161837dbb7aa2ee17ace25981e",
	700},
    {"40fa3820bba2487fe0c973c29f909b71998431b50732c485d532f49364b3212d"
     "2680a8edbcb692ef114d89a3584466b2610c59cd0212c90fa6b866d617d77bf1",
	"02881039d007261124c323f3d68a50e3a6a1ff9458dcaf0e92344427ace432d2",
	"8ed8732072c3220533d423503a5e9d4c6fa375db1db4f9386d9f913e695b5674",
	"b9a89d744662da5417bd280f8b95af94ce0aff46b44bd4e6ab1d2f4b51c2c4ca",
	"27ec3dbd8baf20121dbeecc8c56931c2875749deeedaf46edd756c9c1f1d82f5",
	"4ba19ceeae6b94a513d61537b2252a6a1326e6bb851b9fd1cb3cf9adb8d100ab",
	"9160d36a0ab07047af11c974ec857d94ada9c72b07b893aa4c4b8e7bed03af97",
	1100},
    {"1b97f7d376cd2d56d3c8956f468829d9ea40da502f6783c01bb2dec798ef080a"
     "53dba0964ec8c91600c220fbb469df8af764086257d5434c01d03adae020f5b3",
	"439c9bfb6dd642d8f423cdb485c63ce05c544d74e0fbbcb44009aa47b43ee52b",
	"7bf41b9f6e62830963c51f898f79bf6dc60bff156d69ff33b6666a4653b62fac",
	"b732cea313b73c144f981fd115e818d13c4da4b0afb81bd4ff90b7d07d7e805b",
	"0be6caede5f504f8500ca940c10f30e7875b2d0bf362229b2d5d25a74eb77f63",
	"40349614b8d1588633b7df76e89b950f935e93ee32356828acb0b7217b1d4958",
	"f73106a5ff97b1054626667ba0a2f14e4c3759cd6a8b5a890353f9f256e620c9",
	1500},
    {"531c4c3001503b9f73cd56380dd6d2f0af85197a04074dd7b64ce6da4147e9be"
     "0194475c0d9bf0ff2e1ebd06c14b573d0eead78d9b686bca16754cd778fbc37e",
	"53e649cdf66536584612e45de020936f29a95750d8ef3d1cb98cc0a2a397c808",
	"fc59f257ce28d3d391124d7581db9a0f4226fdc25f63ca1f599016d5ab75401b",
	"e88a738602ae114bc8e4cd89714bf6a131119ae1b420ce5b482bbc7ed427afe4",
	"060286264c1431717bf25693d58886137333d8a92389eee1104f71863e67ee88",
	"b50e6f7ae68b7e2341be3a0eb5c6cbb8fe237dd5447f7e520db1a8f4e2d5ff5a",
	"cff41d46c6fa0ae0c6da453c6630e552a6583e0ada7843dd602e1d5b0bf10fbf",
	1567},
};
#define ROWS	  (int)(sizeof(rows_768) / sizeof(rows_768[0]))
#define ROWS_1024 (int)(sizeof(rows_1024) / sizeof(rows_1024[0]))

static void
check_row(enum mlkem_size size, const struct row *row)
{
	const struct mlkem_params *p = mlkem_params_of(size);
	uint8_t seeds[64], m[32], ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];
	uint8_t cipher[MLKEM_CIPHER_MAX], want[32], secret[32];

	unhex(row->seeds, seeds, sizeof(seeds));
	unhex(row->m, m, sizeof(m));
	unhex(row->secret, want, sizeof(want));
	ck_assert_int_eq(mlkem_keygen(size, seeds, &seeds[32], ek, dk), 0);
	ck_assert_str_eq(sha256_hex(ek, p->ek_len), row->ek);
	ck_assert_str_eq(sha256_hex(dk, mlkem_dk_len(size)), row->dk);
	ck_assert_int_eq(mlkem_encaps_own(size, ek, m, cipher, secret), 0);
	ck_assert_str_eq(sha256_hex(cipher, p->cipher_len), row->cipher);
	ck_assert_mem_eq(secret, want, 32);
	memset(secret, 0, sizeof(secret));
	ck_assert_int_eq(mlkem_decaps(size, dk, cipher, secret), 0);
	ck_assert_mem_eq(secret, want, 32);
	unhex(row->rejected, want, sizeof(want));
	cipher[row->changed] ^= 1;
	ck_assert_int_eq(mlkem_decaps(size, dk, cipher, secret), 0);
	ck_assert_mem_eq(secret, want, 32);
}

START_TEST(keys_ciphertexts_and_secrets_are_the_known_ones)
{
	check_row(MLKEM_768, &rows_768[_i]);
}
END_TEST

START_TEST(those_of_1024_are_the_known_ones_too)
{
	check_row(MLKEM_1024, &rows_1024[_i]);
}
END_TEST

/*
 * One SHAKE128 of nothing gives every d, z, m and a false ciphertext, another
 * takes every ek, dk, ciphertext, secret and rejected secret.
 */
#ifdef SANITIZED
#define ROUNDS 1000 /* these values are ours; the published ones take long */
static const char *const accumulated[MLKEM_SIZES] = {
    "5706194c22e3e0977b570e636de7364abce0609b341433cc4eb48062080b7c76",
    "df23d235ef494a38b2de2deda2704bb1312dd88ef6987ec4fc6f08fe5963ed7f",
};
#else
#define ROUNDS 10000
static const char *const accumulated[MLKEM_SIZES] = {
    "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1",
    "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5",
};
#endif

static void
round_of(enum mlkem_size size, const uint8_t *draw, EVP_MD_CTX *all)
{
	const struct mlkem_params *p = mlkem_params_of(size);
	uint8_t ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX], cipher[MLKEM_CIPHER_MAX];
	uint8_t secret[32], again[32];

	ck_assert_int_eq(mlkem_keygen(size, draw, &draw[32], ek, dk), 0);
	ck_assert_int_eq(
	    mlkem_encaps_own(size, ek, &draw[64], cipher, secret), 0);
	ck_assert_int_eq(mlkem_decaps(size, dk, cipher, again), 0);
	ck_assert_mem_eq(secret, again, 32);
	ck_assert_int_eq(mlkem_decaps(size, dk, &draw[96], again), 0);
	EVP_DigestUpdate(all, ek, p->ek_len);
	EVP_DigestUpdate(all, dk, mlkem_dk_len(size));
	EVP_DigestUpdate(all, cipher, p->cipher_len);
	EVP_DigestUpdate(all, secret, sizeof(secret));
	EVP_DigestUpdate(all, again, sizeof(again));
}

START_TEST(ten_thousand_rounds_come_to_the_published_value)
{
	enum mlkem_size size = (enum mlkem_size)_i;
	size_t draw = 3 * 32 + mlkem_params_of(size)->cipher_len;
	struct digest_part nothing = {"", 0};
	EVP_MD_CTX *all = EVP_MD_CTX_new();
	uint8_t *draws = malloc(ROUNDS * draw), hash[32], want[32];

	ck_assert_int_eq(
	    digest_parts(DIGEST_SHAKE128, &nothing, 1, draws, ROUNDS * draw),
	    0);
	ck_assert_int_eq(
	    EVP_DigestInit_ex2(all, digest_md(DIGEST_SHAKE128), NULL), 1);
	for (size_t i = 0; i < ROUNDS; i++)
		round_of(size, &draws[i * draw], all);
	ck_assert_int_eq(EVP_DigestFinalXOF(all, hash, sizeof(hash)), 1);
	unhex(accumulated[size], want, sizeof(want));
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
	enum mlkem_size size = (enum mlkem_size)_i;
	uint8_t seeds[64] = {1}, ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];
	uint8_t cipher[MLKEM_CIPHER_MAX], secret[32], saved[MLKEM_EK_MAX];
	size_t count = (size_t)mlkem_params_of(size)->k * MLKEM_N;

	ck_assert_int_eq(mlkem_keygen(size, seeds, &seeds[32], ek, dk), 0);
	memcpy(saved, ek, sizeof(ek));
	for (size_t i = 0; i < count; i = i + 13 < count ? i + 13 : count) {
		for (size_t j = 0; j < 3; j++) {
			set_coefficient(ek, i, bad[j]);
			ck_assert_int_eq(
			    mlkem_encaps_own(size, ek, seeds, cipher, secret),
			    E_VALUE);
			ck_assert_int_eq(
			    mlkem_encaps(size, ek, cipher, secret), E_VALUE);
		}
		set_coefficient(ek, i, 3328);
		ck_assert_int_eq(
		    mlkem_encaps_own(size, ek, seeds, cipher, secret), 0);
		ck_assert_int_eq(mlkem_encaps(size, ek, cipher, secret), 0);
		memcpy(ek, saved, sizeof(ek));
	}
}
END_TEST

START_TEST(what_serves_is_understood_by_our_own_client)
{
	enum mlkem_size size = (enum mlkem_size)_i;
	uint8_t seeds[64] = {2}, ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];
	uint8_t cipher[MLKEM_CIPHER_MAX], secret[32], again[32];

	ck_assert_int_eq(mlkem_keygen(size, seeds, &seeds[32], ek, dk), 0);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(mlkem_encaps(size, ek, cipher, secret), 0);
		ck_assert_int_eq(mlkem_decaps(size, dk, cipher, again), 0);
		ck_assert_mem_eq(secret, again, 32);
	}
}
END_TEST

/* libcrypto's secret for a ciphertext, by the seeds' key. */
static void
libcrypto_decaps(const char *name, const uint8_t seeds[64],
    const uint8_t *cipher, size_t len, uint8_t secret[32])
{
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_octet_string(
				    "seed", (void *)(uintptr_t)seeds, 64),
	    OSSL_PARAM_END};
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;
	size_t secret_len = 32;

	ck_assert_int_eq(EVP_PKEY_fromdata_init(make), 1);
	ck_assert_int_eq(
	    EVP_PKEY_fromdata(make, &key, EVP_PKEY_KEYPAIR, params), 1);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	ck_assert_int_eq(EVP_PKEY_decapsulate_init(ctx, NULL), 1);
	ck_assert_int_eq(
	    EVP_PKEY_decapsulate(ctx, secret, &secret_len, cipher, len), 1);
	ck_assert_uint_eq(secret_len, 32);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_CTX_free(make);
	EVP_PKEY_free(key);
}

/* Also for a ciphertext that was changed: the implicit rejection's secret. */
START_TEST(libcrypto_and_our_own_agree_both_ways)
{
	enum mlkem_size size = (enum mlkem_size)_i;
	const struct mlkem_params *p = mlkem_params_of(size);
	uint8_t seeds[64] = {3}, ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];
	uint8_t cipher[MLKEM_CIPHER_MAX], secret[32], theirs[32];

	if (!mlkem_from_libcrypto(size))
		return;
	for (int i = 0; i < 50; i++) {
		seeds[1] = (uint8_t)i;
		ck_assert_int_eq(
		    mlkem_keygen(size, seeds, &seeds[32], ek, dk), 0);
		ck_assert_int_eq(
		    mlkem_encaps_own(size, ek, seeds, cipher, secret), 0);
		libcrypto_decaps(p->name, seeds, cipher, p->cipher_len, theirs);
		ck_assert_mem_eq(secret, theirs, 32);
		cipher[(size_t)i * 31 % p->cipher_len] ^= 0x10;
		ck_assert_int_eq(mlkem_decaps(size, dk, cipher, secret), 0);
		libcrypto_decaps(p->name, seeds, cipher, p->cipher_len, theirs);
		ck_assert_mem_eq(secret, theirs, 32);
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
	static const unsigned widths[] = {1, 4, 5, 10, 11};
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
	static const unsigned widths[] = {1, 4, 5, 10, 11};
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
	    tc, keys_ciphertexts_and_secrets_are_the_known_ones, 0, ROWS);
	tcase_add_loop_test(
	    tc, those_of_1024_are_the_known_ones_too, 0, ROWS_1024);
	tcase_add_loop_test(tc, ten_thousand_rounds_come_to_the_published_value,
	    0, MLKEM_SIZES);
	tcase_add_loop_test(tc,
	    a_key_with_a_coefficient_of_q_or_more_is_refused, 0, MLKEM_SIZES);
	tcase_add_loop_test(
	    tc, what_serves_is_understood_by_our_own_client, 0, MLKEM_SIZES);
	tcase_add_loop_test(
	    tc, libcrypto_and_our_own_agree_both_ways, 0, MLKEM_SIZES);
	tcase_add_loop_test(tc, compression_rounds_as_the_standard_says, 0, 5);
	tcase_add_loop_test(
	    tc, decompression_rounds_as_the_standard_says, 0, 5);
	tcase_add_test(tc, sampling_stops_at_256_and_says_how_far_it_came);
	suite_add_tcase(s, tc);
	return s;
}
