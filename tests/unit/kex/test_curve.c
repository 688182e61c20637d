/*
 * Curves: RFC 7748's vectors, vectors made with @noble/curves 2.0 for the
 * NIST ones, and points that must be refused.
 */
#include "tests/unit/kex/suites.h"

#include "lib/err.h"
#include "lib/ssh/kex_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <string.h>

struct row {
	int curve;
	const char *group;
	const char *private;
	const char *public;
	const char *peer;
	const char *secret;
};

static const struct row rows[] = {
    /* RFC 7748 section 6.1, from both sides; section 5.2. */
    {CURVE_X25519, NULL,
	"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {CURVE_X25519, NULL,
	"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {CURVE_X25519, NULL,
	"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	"1c9fd88f45606d932a80c71824ae151d15d73e77de38e8e000852e614fae7019",
	"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {CURVE_P256, "P-256",
	"0000f5885bb6be81793881b4e9ee3fa664ab7c0633a5732941fbd92f53916860",
	"04d42e2784cb22179efa4e445a580cb0f0d7251ea9b4951087387daedabe1285"
	"fb04312511780b7ce310fa000d7762764b5cecfe94f6c8d28894bd9388968659"
	"1d",
	"042b6f057337d0ffde7a2bd98653fd2970be420fb3133dd205474583d5aec060"
	"ac0cbc5865267f3810b528580c658de96e61a33d8a2dfd43b3c4c74f02c24d8f"
	"fa",
	"4afca6fb168b860a137429dbe626c488c3a3139abbbec333debd198525144229"},
    {CURVE_P384, "P-384",
	"000163693e7b13a6840396e38990237b445449b833f0287c1f66674870db5c4e"
	"5bb2902554239665cbdb90771545c88f",
	"0448c3a4126d562d825ac5517d273943549437e756183d118a51e82a929dcea1"
	"eba65bec0cd071dd8e3a84e2f84a43922a138ab368d2caea2a9833963792e58a"
	"deeb915ffb8bb3d6ea232f31f7e7d016573129e424b83a73e466c0a688488023"
	"a6",
	"04a52243d900214ce38f97ce844e7851fd00d271259ab08468858f44394f59da"
	"12fc59381bd6bcef283e6e657f96d9f09de4fc71cdb750575cae2a56c2d11b0e"
	"ff88a9f6b431a11585e46fde44e2e5fb716eea53df2b027b3c9123eb4ef14a9e"
	"17",
	"bcb6686ea0f9d0a464413fdb9dac988c3342aa2c0106ca614567fedcf6dee847"
	"8b9049f59401074699cd66b88682d4e6"},
    {CURVE_P521, "P-521",
	"00013f7e57eee100af80debb7c08edabd7e3a06e72c6d9a6f910d0a0fb558722"
	"705400e5e7dc449809f54d8097a71297e7f306dfd9b0411f08a62022e500f312"
	"a61b",
	"0401c0233006b19057ccd708bd116db3a48a1926be028809beb8fc6dd04f8e2d"
	"dd286a93832d330d9a58fa670a02bfc64879145638317e0bd5724d8a781abafc"
	"ba076c01d52824154a3c7e2d3b27c6acb7c903a3384eb993f31ed8f7ebb4028f"
	"f0774c18456a0fd3ada15c7fdf305b43cd4a4778137bc1f03e8ed7003fd67aa3"
	"c8b21ca752",
	"0401008ac52fd8e2f065a86ad11ec0e667e58e8e077d832a4842de07a4ca141d"
	"d035a726bd42e0e4ce4f2ccd76ab709b6999560612ce7eaeb0d0ee069097b862"
	"6ea553007444c99c25c498b03d566c7eaabb7ea12a9f005c164373360dfd6c51"
	"1c8577db51e2b8401e8e3755af8df09fe6a0b879591c37a5b290c7e3c99ba0a1"
	"85a2843ebc",
	"01c621a6a5918a8c0ea8cbc906cf7e871257b9567a21aec877e5431e3ef1c617"
	"d89952b53473c85cdfe414d393cb19724d0a9fc1796433a0176f5bb28e0c25f3"
	"2823"},
};
#define ROW_COUNT (int)(sizeof(rows) / sizeof(rows[0]))

static EVP_PKEY *
key_of(const struct row *row)
{
	uint8_t private[CURVE_SECRET_MAX], public[CURVE_POINT_MAX];
	size_t private_len = unhex(row->private, private, sizeof(private));
	size_t public_len = unhex(row->public, public, sizeof(public));
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *params;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;
	BIGNUM *number;

	if (row->group == NULL)
		return EVP_PKEY_new_raw_private_key(
		    EVP_PKEY_X25519, NULL, private, private_len);
	number = BN_bin2bn(private, (int)private_len, NULL);
	build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(
	    build, OSSL_PKEY_PARAM_GROUP_NAME, row->group, 0);
	OSSL_PARAM_BLD_push_octet_string(
	    build, OSSL_PKEY_PARAM_PUB_KEY, public, public_len);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
	params = OSSL_PARAM_BLD_to_param(build);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(number);
	return key;
}

START_TEST(secrets_are_the_known_ones)
{
	const struct row *row = &rows[_i];
	uint8_t peer[CURVE_POINT_MAX], secret[CURVE_SECRET_MAX];
	uint8_t want[CURVE_SECRET_MAX];
	size_t len = unhex(row->peer, peer, sizeof(peer));
	size_t want_len = unhex(row->secret, want, sizeof(want));
	EVP_PKEY *key = key_of(row);

	ck_assert_uint_eq(len, kex_curve_point_len(row->curve));
	ck_assert_uint_eq(want_len, kex_curve_secret_len(row->curve));
	ck_assert_int_eq(
	    kex_curve_derive(row->curve, key, peer, len, secret), 0);
	ck_assert_mem_eq(secret, want, want_len);
	EVP_PKEY_free(key);
}
END_TEST

/* All the points whose multiples by the cofactor are zero, and their twins. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};
#define SMALL_COUNT (int)(sizeof(small_order) / sizeof(small_order[0]))

START_TEST(a_secret_of_zeros_is_refused)
{
	uint8_t point[32], ours[32], secret[32];

	unhex(small_order[_i], point, sizeof(point));
	memset(secret, 0xff, sizeof(secret));
	ck_assert_int_eq(
	    kex_curve_respond(CURVE_X25519, point, 32, ours, secret), E_VALUE);
	ck_assert_str_eq(sha256_hex(secret, 32),
	    "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
}
END_TEST

START_TEST(every_other_length_is_refused)
{
	uint8_t point[CURVE_POINT_MAX + 2] = {4}, ours[CURVE_POINT_MAX];
	uint8_t secret[CURVE_SECRET_MAX];
	size_t right = kex_curve_point_len(_i);

	for (size_t len = 0; len < sizeof(point); len++) {
		if (len != right)
			ck_assert_int_eq(
			    kex_curve_respond(_i, point, len, ours, secret),
			    E_FORMAT);
	}
}
END_TEST

START_TEST(points_off_the_curve_are_refused)
{
	uint8_t point[CURVE_POINT_MAX], ours[CURVE_POINT_MAX];
	uint8_t secret[CURVE_SECRET_MAX];
	size_t len = kex_curve_point_len(_i);
	EVP_PKEY *key = NULL;

	ck_assert_int_eq(kex_curve_generate(_i, &key, point), 0);
	ck_assert_int_eq(kex_curve_respond(_i, point, len, ours, secret), 0);
	for (size_t i = 1; i < len; i += 7) {
		point[i] ^= 0x10;
		ck_assert_int_eq(
		    kex_curve_respond(_i, point, len, ours, secret), E_VALUE);
		point[i] ^= 0x10;
	}
	/* (0, 0), and a coordinate that is not below the field's prime. */
	memset(&point[1], 0, len - 1);
	ck_assert_int_eq(
	    kex_curve_respond(_i, point, len, ours, secret), E_VALUE);
	memset(&point[1], 0xff, len - 1);
	ck_assert_int_eq(
	    kex_curve_respond(_i, point, len, ours, secret), E_VALUE);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(only_the_uncompressed_form_is_taken)
{
	uint8_t point[CURVE_POINT_MAX], ours[CURVE_POINT_MAX];
	uint8_t secret[CURVE_SECRET_MAX];
	size_t len = kex_curve_point_len(_i);
	EVP_PKEY *key = NULL;

	ck_assert_int_eq(kex_curve_generate(_i, &key, point), 0);
	for (int form = 0; form < 256; form++) {
		point[0] = (uint8_t)form;
		ck_assert_int_eq(
		    kex_curve_respond(_i, point, len, ours, secret),
		    form == 4 ? 0 : E_FORMAT);
	}
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(no_two_keys_are_the_same)
{
	uint8_t first[CURVE_POINT_MAX], second[CURVE_POINT_MAX];
	EVP_PKEY *one = NULL, *two = NULL;

	ck_assert_int_eq(kex_curve_generate(_i, &one, first), 0);
	ck_assert_int_eq(kex_curve_generate(_i, &two, second), 0);
	ck_assert_mem_ne(first, second, kex_curve_point_len(_i));
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
}
END_TEST

Suite *
suite_curve(void)
{
	Suite *s = suite_create("curve");
	TCase *tc = tcase_create("curve");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, secrets_are_the_known_ones, 0, ROW_COUNT);
	tcase_add_loop_test(tc, a_secret_of_zeros_is_refused, 0, SMALL_COUNT);
	tcase_add_loop_test(tc, every_other_length_is_refused, 0, CURVE_COUNT);
	tcase_add_loop_test(
	    tc, points_off_the_curve_are_refused, CURVE_P256, CURVE_COUNT);
	tcase_add_loop_test(
	    tc, only_the_uncompressed_form_is_taken, CURVE_P256, CURVE_COUNT);
	tcase_add_loop_test(tc, no_two_keys_are_the_same, 0, CURVE_COUNT);
	suite_add_tcase(s, tc);
	return s;
}
