/*
 * Finite fields: the answers of a peer whose exponent is known, and values
 * that must be refused.
 */
#include "tests/unit/kex/suites.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/kex_private.h"

#include <openssl/bn.h>

#include <string.h>

static const char *const names[] = {"diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
    "diffie-hellman-group-exchange-sha256"};
static const unsigned sizes[] = {2048, 4096, 8192, 2048};

/* The method's answer to a value, in its group or (the last) in group 14. */
static int
respond(int which, const uint8_t *value, size_t len, struct buf *share,
    struct buf *secret)
{
	const struct kex_method *m =
	    kex_find(names[which], strlen(names[which]));
	struct kex_group group;

	buf_clear(share);
	buf_clear(secret);
	ck_assert_ptr_nonnull(m);
	if (which < 3)
		return kex_server_respond(m, value, len, share, secret);
	ck_assert_int_eq(moduli_builtin(2048, &group), 0);
	return kex_gex_respond(m, &group, value, len, share, secret);
}

static BIGNUM *
prime_of(int which)
{
	struct kex_group group;

	ck_assert_int_eq(moduli_builtin(sizes[which], &group), 0);
	return BN_bin2bn(group.p, (int)group.p_len, NULL);
}

/* e = 2^x for an x we know, so K must be f^x, whatever the server's exponent.
 */
START_TEST(the_secret_is_their_value_to_our_exponent)
{
	BIGNUM *p = prime_of(_i), *x = BN_new(), *two = BN_new();
	BIGNUM *e = BN_new(), *f, *k = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	uint8_t value[1024], want_bytes[1024];
	struct buf share, secret, want;

	buf_init(&share, 2048);
	buf_init(&secret, 2048);
	buf_init(&want, 2048);
	BN_set_word(two, 2);
	BN_rand(x, 300, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
	BN_mod_exp(e, two, x, p, ctx);
	ck_assert_int_eq(
	    respond(_i, value, (size_t)BN_bn2bin(e, value), &share, &secret),
	    0);
	f = BN_bin2bn(share.data, (int)share.len, NULL);
	ck_assert_int_lt(BN_cmp(f, p), 0);
	BN_mod_exp(k, f, x, p, ctx);
	buf_mpint(&want, want_bytes, (size_t)BN_bn2bin(k, want_bytes));
	ck_assert_uint_eq(secret.len, want.len);
	ck_assert_mem_eq(secret.data, want.data, want.len);
	buf_free(&share);
	buf_free(&secret);
	buf_free(&want);
	BN_free(p);
	BN_free(x);
	BN_free(two);
	BN_free(e);
	BN_free(f);
	BN_free(k);
	BN_CTX_free(ctx);
}
END_TEST

static void
refused(int which, const BIGNUM *value)
{
	uint8_t bytes[MODULI_BYTES_MAX + 8];
	struct buf share, secret;

	buf_init(&share, 2048);
	buf_init(&secret, 2048);
	ck_assert_int_eq(respond(which, bytes, (size_t)BN_bn2bin(value, bytes),
			     &share, &secret),
	    E_VALUE);
	ck_assert_uint_eq(share.len, 0);
	ck_assert_uint_eq(secret.len, 0);
	buf_free(&share);
	buf_free(&secret);
}

START_TEST(values_outside_the_group_are_refused)
{
	BIGNUM *p = prime_of(_i), *value = BN_dup(p);

	refused(_i, p);
	BN_sub_word(value, 1);
	refused(_i, value); /* p - 1, of order 2 */
	BN_add_word(value, 2);
	refused(_i, value);
	BN_set_word(value, 1);
	refused(_i, value);
	BN_set_word(value, 2); /* one bit set: its logarithm is known */
	refused(_i, value);
	BN_set_word(value, 0x4000001);
	BN_add_word(value, 0x100);
	refused(_i, value); /* three bits set */
	BN_free(value);
	BN_free(p);
}
END_TEST

START_TEST(values_just_inside_the_group_are_taken)
{
	BIGNUM *p = prime_of(_i), *value = BN_dup(p);
	uint8_t bytes[MODULI_BYTES_MAX];
	struct buf share, secret;

	buf_init(&share, 2048);
	buf_init(&secret, 2048);
	BN_sub_word(value, 2);
	ck_assert_int_eq(respond(_i, bytes, (size_t)BN_bn2bin(value, bytes),
			     &share, &secret),
	    0);
	BN_set_word(value, 0x4000111); /* four bits set */
	ck_assert_int_eq(respond(_i, bytes, (size_t)BN_bn2bin(value, bytes),
			     &share, &secret),
	    0);
	buf_free(&share);
	buf_free(&secret);
	BN_free(value);
	BN_free(p);
}
END_TEST

START_TEST(empty_and_oversized_values_are_malformed)
{
	uint8_t bytes[MODULI_BYTES_MAX + 1];
	struct buf share, secret;

	memset(bytes, 0x55, sizeof(bytes));
	buf_init(&share, 2048);
	buf_init(&secret, 2048);
	ck_assert_int_eq(respond(_i, bytes, 0, &share, &secret), E_FORMAT);
	ck_assert_int_eq(
	    respond(_i, bytes, sizeof(bytes), &share, &secret), E_FORMAT);
	ck_assert_int_ne(
	    respond(_i, bytes, sizes[_i] / 8 + 1, &share, &secret), 0);
	buf_free(&share);
	buf_free(&secret);
}
END_TEST

START_TEST(the_groups_are_those_of_rfc_3526)
{
	/* SHA-256 of 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + k). */
	static const char *const hashes[] = {
	    "d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e",
	    "4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33",
	    "39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf",
	};
	struct kex_group group;

	ck_assert_int_eq(moduli_builtin(sizes[_i], &group), 0);
	ck_assert_uint_eq(group.bits, sizes[_i]);
	ck_assert_uint_eq(group.p_len, sizes[_i] / 8);
	ck_assert_str_eq(sha256_hex(group.p, group.p_len), hashes[_i]);
	ck_assert_uint_eq(group.g_len, 1);
	ck_assert_uint_eq(group.g[0], 2);
}
END_TEST

Suite *
suite_dh(void)
{
	Suite *s = suite_create("dh");
	TCase *tc = tcase_create("dh");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(
	    tc, the_secret_is_their_value_to_our_exponent, 0, 4);
	tcase_add_loop_test(tc, values_outside_the_group_are_refused, 0, 4);
	tcase_add_loop_test(tc, values_just_inside_the_group_are_taken, 0, 4);
	tcase_add_loop_test(tc, empty_and_oversized_values_are_malformed, 0, 4);
	tcase_add_loop_test(tc, the_groups_are_those_of_rfc_3526, 0, 3);
	suite_add_tcase(s, tc);
	return s;
}
