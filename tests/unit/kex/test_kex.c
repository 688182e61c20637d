/*
 * The table of methods, and every method from end to end.
 */
#include "tests/unit/kex/suites.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/kex_private.h"
#include "lib/ssh/lacking.h"
#include "lib/ssh/mlkem.h"

#include <stdlib.h>
#include <string.h>

#define METHOD_COUNT 19

static const char default_names[] =
    "mlkem768x25519-sha256,"
    "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
    "mlkem768nistp256-sha256,mlkem1024nistp384-sha384,"
    "curve25519-sha256,curve25519-sha256@libssh.org,"
    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group-exchange-sha256,"
    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
    "diffie-hellman-group14-sha256";

static void
check_names(unsigned with, unsigned without, const char *want)
{
	struct buf b;

	buf_init(&b, 1024);
	kex_names(&b, with, without);
	buf_u8(&b, 0);
	ck_assert_int_eq(buf_end(&b), 0);
	ck_assert_str_eq((const char *)b.data, want);
	buf_free(&b);
}

START_TEST(the_default_proposal_begins_with_the_post_quantum_ones)
{
	check_names(KEX_DEFAULT, 0, default_names);
	check_names(KEX_POST_QUANTUM, KEX_DEFAULT, "");
}
END_TEST

START_TEST(the_approved_methods_are_those_of_the_nist)
{
	/* libcrypto's ML-KEM is, ours is not. */
	check_names(KEX_FIPS_APPROVED, KEX_POST_QUANTUM | KEX_GSS,
	    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
	    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
	    "diffie-hellman-group14-sha256");
	check_names(KEX_FIPS_APPROVED | KEX_POST_QUANTUM, KEX_OWN_CODE,
	    mlkem_from_libcrypto(MLKEM_768) ?
		"mlkem768nistp256-sha256,mlkem1024nistp384-sha384" :
		"");
}
END_TEST

START_TEST(our_own_code_can_be_left_out)
{
	const struct kex_method *mlkem = kex_at(0), *sntrup = kex_at(1);

	ck_assert_int_eq((kex_attributes(mlkem) & KEX_OWN_CODE) != 0,
	    !mlkem_from_libcrypto(MLKEM_768));
	ck_assert((kex_attributes(sntrup) & KEX_OWN_CODE) != 0);
	check_names(KEX_POST_QUANTUM, KEX_OWN_CODE,
	    mlkem_from_libcrypto(MLKEM_768) ?
		"mlkem768x25519-sha256,mlkem768nistp256-sha256,"
		"mlkem1024nistp384-sha384" :
		"");
}
END_TEST

START_TEST(finite_fields_are_offered_last_and_in_opensshs_order)
{
	check_names(KEX_FINITE_FIELD | KEX_DEFAULT, 0,
	    "diffie-hellman-group-exchange-sha256,"
	    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
	    "diffie-hellman-group14-sha256");
	check_names(KEX_FINITE_FIELD, KEX_DEFAULT | KEX_GSS,
	    "diffie-hellman-group14-sha1");
}
END_TEST

/* RFC 8732 sections 4 and 5; the suffix as RFC 4462 section 2 makes it. */
START_TEST(gss_has_its_own_names_for_the_same_shares)
{
	static const char family[] = "gss-nistp256-sha256-";
	const struct kex_method *m = kex_find_gss(family, strlen(family));

	check_names(KEX_GSS, 0,
	    "gss-curve25519-sha256-toWM5Slw5Ew8Mqkay+al2g==,"
	    "gss-nistp256-sha256-toWM5Slw5Ew8Mqkay+al2g==,"
	    "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==,"
	    "gss-group16-sha512-toWM5Slw5Ew8Mqkay+al2g==");
	check_names(KEX_GSS, KEX_FIPS_APPROVED,
	    "gss-curve25519-sha256-toWM5Slw5Ew8Mqkay+al2g==");
	ck_assert_str_eq(m->name, "gss-nistp256-sha256-" KEX_GSS_KERBEROS);
	for (size_t cut = 0; cut < strlen(family); cut++)
		ck_assert_ptr_null(kex_find_gss(family, cut));
	ck_assert_ptr_null(kex_find_gss(m->name, strlen(m->name)));
}
END_TEST

START_TEST(names_are_found_exactly)
{
	const struct kex_method *m = kex_at((size_t)_i);
	size_t len;

	ck_assert_ptr_nonnull(m);
	len = strlen(m->name);
	ck_assert_uint_lt(len, KEX_NAME_MAX);
	ck_assert_ptr_eq(kex_find(m->name, len), m);
	ck_assert_ptr_null(kex_find(m->name, len + 1));
	for (size_t cut = 0; cut < len; cut++) {
		const struct kex_method *other = kex_find(m->name, cut);

		/* "x" and "x@domain" are two names of one method. */
		ck_assert(other == NULL || m->name[cut] == '@');
	}
	ck_assert(kex_usable(m));
}
END_TEST

START_TEST(the_table_ends)
{
	ck_assert_ptr_nonnull(kex_at(METHOD_COUNT - 1));
	ck_assert_ptr_null(kex_at(METHOD_COUNT));
	ck_assert_ptr_null(kex_at((size_t)-1));
}
END_TEST

START_TEST(preloading_again_changes_nothing)
{
	ck_assert_int_eq(kex_preload(), 0);
	check_names(KEX_DEFAULT, 0, default_names);
}
END_TEST

struct exchange {
	const struct kex_method *method;
	struct kex_group group;
	const struct kex_group *use; /* NULL, or &group */
	struct kex_client *client;
	struct buf client_share, server_share, client_secret, server_secret;
};

static void
exchange_start(struct exchange *x, int which)
{
	memset(x, 0, sizeof(*x));
	x->method = kex_at((size_t)which);
	if ((x->method->attributes & KEX_GROUP_EXCHANGE) != 0) {
		ck_assert_int_eq(moduli_builtin(2048, &x->group), 0);
		x->use = &x->group;
	}
	buf_init(&x->client_share, 4096);
	buf_init(&x->server_share, 4096);
	buf_init(&x->client_secret, 4096);
	buf_init(&x->server_secret, 4096);
	ck_assert_int_eq(
	    kex_client_start(x->method, x->use, &x->client, &x->client_share),
	    0);
}

static int
exchange_respond(struct exchange *x, size_t len)
{
	if (x->use != NULL)
		return kex_gex_respond(x->method, x->use, x->client_share.data,
		    len, &x->server_share, &x->server_secret);
	return kex_server_respond(x->method, x->client_share.data, len,
	    &x->server_share, &x->server_secret);
}

static void
exchange_free(struct exchange *x)
{
	kex_client_free(x->client);
	buf_free(&x->client_share);
	buf_free(&x->server_share);
	buf_free(&x->client_secret);
	buf_free(&x->server_secret);
}

START_TEST(both_sides_have_the_same_secret)
{
	struct exchange x;

	exchange_start(&x, _i);
	ck_assert_int_eq(exchange_respond(&x, x.client_share.len), 0);
	ck_assert_uint_le(x.client_share.len, KEX_SHARE_MAX);
	ck_assert_uint_le(x.server_share.len, KEX_SHARE_MAX);
	ck_assert_uint_le(x.server_secret.len, KEX_SECRET_MAX);
	ck_assert_int_eq(kex_client_finish(x.client, x.server_share.data,
			     x.server_share.len, &x.client_secret),
	    0);
	ck_assert_uint_eq(x.client_secret.len, x.server_secret.len);
	ck_assert_mem_eq(
	    x.client_secret.data, x.server_secret.data, x.server_secret.len);
	exchange_free(&x);
}
END_TEST

START_TEST(two_exchanges_have_two_secrets)
{
	struct exchange x;
	uint8_t first[KEX_SECRET_MAX];
	size_t len;

	exchange_start(&x, _i);
	ck_assert_int_eq(exchange_respond(&x, x.client_share.len), 0);
	len = x.server_secret.len;
	memcpy(first, x.server_secret.data, len);
	buf_clear(&x.server_secret);
	ck_assert_int_eq(exchange_respond(&x, x.client_share.len), 0);
	ck_assert(len != x.server_secret.len ||
	    memcmp(first, x.server_secret.data, len) != 0);
	exchange_free(&x);
}
END_TEST

/* Cut, the numbers of finite fields are other numbers; the rest is refused. */
START_TEST(every_cut_of_a_share_is_refused)
{
	struct exchange x;
	size_t step;

	exchange_start(&x, _i);
	step = x.use != NULL || (x.method->attributes & KEX_FINITE_FIELD) != 0 ?
	    100 :
	    1;
	for (size_t len = 0; len < x.client_share.len; len += step) {
		int err = exchange_respond(&x, len);

		if (step == 1 || len == 0) {
			ck_assert_int_eq(err, E_FORMAT);
			ck_assert_uint_eq(x.server_share.len, 0);
			ck_assert_uint_eq(x.server_secret.len, 0);
		}
	}
	exchange_free(&x);
}
END_TEST

START_TEST(a_longer_share_is_refused_and_buffers_stay)
{
	struct exchange x;
	uint8_t more[16] = {0};

	exchange_start(&x, _i);
	buf_bytes(&x.client_share, more, sizeof(more));
	buf_text(&x.server_share, "before");
	buf_text(&x.server_secret, "before");
	ck_assert_int_ne(exchange_respond(&x, x.client_share.len), 0);
	ck_assert_uint_eq(x.server_share.len, 10);
	ck_assert_uint_eq(x.server_secret.len, 10);
	ck_assert_mem_eq(x.server_secret.data, "\0\0\0\6before", 10);
	exchange_free(&x);
}
END_TEST

START_TEST(a_buffer_that_is_too_small_fails_whole)
{
	struct exchange x;
	uint8_t room[20];

	exchange_start(&x, _i);
	buf_free(&x.server_secret);
	buf_init_over(&x.server_secret, room, sizeof(room));
	ck_assert_int_eq(exchange_respond(&x, x.client_share.len), E_TOO_LARGE);
	ck_assert_uint_eq(x.server_share.len, 0);
	ck_assert_uint_eq(x.server_secret.len, 0);
	ck_assert_int_eq(buf_end(&x.server_secret), 0);
	exchange_free(&x);
}
END_TEST

/* The point at the end of a hybrid's share is checked as any other. */
START_TEST(a_hybrid_with_a_zero_point_is_refused)
{
	struct exchange x;

	exchange_start(&x, _i);
	memset(&x.client_share.data[x.client_share.len - 32], 0, 32);
	ck_assert_int_eq(exchange_respond(&x, x.client_share.len), E_VALUE);
	ck_assert_uint_eq(x.server_secret.len, 0);
	exchange_free(&x);
}
END_TEST

/* Off the curve, compressed, or the point at infinity's other forms. */
START_TEST(a_hybrid_with_a_point_off_its_curve_is_refused)
{
	static const size_t lengths[] = {65, 97};
	struct exchange x;
	uint8_t *point;

	exchange_start(&x, 3 + _i);
	point = &x.client_share.data[x.client_share.len - lengths[_i]];
	ck_assert_uint_eq(point[0], 4);
	point[lengths[_i] - 1] ^= 1;
	ck_assert_int_eq(exchange_respond(&x, x.client_share.len), E_VALUE);
	point[0] = 2;
	ck_assert_int_eq(exchange_respond(&x, x.client_share.len), E_FORMAT);
	memset(point, 0, lengths[_i]);
	ck_assert_int_ne(exchange_respond(&x, x.client_share.len), 0);
	ck_assert_uint_eq(x.server_secret.len, 0);
	exchange_free(&x);
}
END_TEST

/* draft-ietf-sshm-mlkem-hybrid-kex section 2.4; hashes by Python's hashlib. */
START_TEST(k_is_the_hash_of_both_secrets_in_their_whole_length)
{
	static const struct {
		const char *method, *hash;
		size_t len;
	} rows[] = {
	    {"mlkem768x25519-sha256",
		"bd2a1f6a1c7be24cd4a6ddb5d2094bd7dd2e0f8ea1c7c069c33e4505f523"
		"b5dc",
		32},
	    {"mlkem768nistp256-sha256",
		"bd2a1f6a1c7be24cd4a6ddb5d2094bd7dd2e0f8ea1c7c069c33e4505f523"
		"b5dc",
		32},
	    {"mlkem1024nistp384-sha384",
		"fa13c45048d13439c39305e0a15b22b34a6d5d88e495bd7f6f233bc5203f"
		"fc52dc198c6e6c0c6847ea4daf5b3709cd8a",
		48},
	};
	const struct kex_method *m =
	    kex_find(rows[_i].method, strlen(rows[_i].method));
	uint8_t kem[32], curve[CURVE_SECRET_MAX] = {0}, want[48];
	struct buf b;

	for (size_t i = 0; i < 32; i++)
		kem[i] = (uint8_t)i;
	for (size_t i = 0; i < rows[_i].len; i++)
		curve[i] = (uint8_t)(100 + i);
	buf_init(&b, 100);
	ck_assert_int_eq(kex_hybrid_combine(m, kem, curve, &b), 0);
	ck_assert_uint_eq(b.len, 4 + rows[_i].len);
	unhex(rows[_i].hash, want, sizeof(want));
	ck_assert_mem_eq(&b.data[4], want, rows[_i].len);
	buf_free(&b);
}
END_TEST

static const char *
lacks_b(const char *name)
{
	return name[0] == 'b' ? "why" : NULL;
}

START_TEST(what_is_lacking_leaves_the_list)
{
	static const char *const rows[][2] = {{"a,b,c", "a,c"}, {"b,a", "a"},
	    {"a,b", "a"}, {"b", ""}, {"b,b", ""}, {"", ""}, {"a", "a"}};
	char *left = lacking_left_out(rows[_i][0], lacks_b);

	ck_assert_str_eq(left, rows[_i][1]);
	free(left);
	ck_assert_ptr_null(lacking_kex("mlkem1024nistp384-sha384"));
	ck_assert_ptr_null(lacking_kex("no such"));
}
END_TEST

START_TEST(a_group_exchange_is_not_answered_as_another)
{
	static const char name[] = "diffie-hellman-group-exchange-sha256";
	const struct kex_method *gex = kex_find(name, strlen(name));
	struct kex_group group;
	struct buf a, b;

	buf_init(&a, 100);
	buf_init(&b, 100);
	ck_assert_int_eq(moduli_builtin(2048, &group), 0);
	ck_assert_int_eq(
	    kex_server_respond(gex, group.p, 256, &a, &b), E_UNSUPPORTED);
	ck_assert_int_eq(
	    kex_gex_respond(kex_at(3), &group, group.p, 32, &a, &b),
	    E_UNSUPPORTED);
	buf_free(&a);
	buf_free(&b);
}
END_TEST

START_TEST(shares_are_strings_or_mpints)
{
	struct exchange x;
	const uint8_t *share;
	struct buf b;
	struct rd r;
	size_t len;

	exchange_start(&x, _i);
	buf_init(&b, 4096);
	kex_write_share(x.method, &b, x.client_share.data, x.client_share.len);
	rd_init(&r, b.data, b.len);
	share = kex_read_share(x.method, &r, &len);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_uint_eq(len, x.client_share.len);
	ck_assert_mem_eq(share, x.client_share.data, len);
	for (size_t cut = 0; cut < b.len; cut++) {
		rd_init(&r, b.data, cut);
		(void)kex_read_share(x.method, &r, &len);
		ck_assert_int_eq(rd_end(&r), E_TRUNCATED);
		ck_assert_uint_eq(len, 0);
	}
	buf_free(&b);
	exchange_free(&x);
}
END_TEST

Suite *
suite_kex(void)
{
	Suite *s = suite_create("kex");
	TCase *tc = tcase_create("kex");

	tcase_set_timeout(tc, 120);
	tcase_add_test(
	    tc, the_default_proposal_begins_with_the_post_quantum_ones);
	tcase_add_test(tc, the_approved_methods_are_those_of_the_nist);
	tcase_add_test(tc, our_own_code_can_be_left_out);
	tcase_add_test(
	    tc, finite_fields_are_offered_last_and_in_opensshs_order);
	tcase_add_test(tc, gss_has_its_own_names_for_the_same_shares);
	tcase_add_loop_test(tc, names_are_found_exactly, 0, METHOD_COUNT);
	tcase_add_test(tc, the_table_ends);
	tcase_add_test(tc, preloading_again_changes_nothing);
	tcase_add_loop_test(
	    tc, both_sides_have_the_same_secret, 0, METHOD_COUNT);
	tcase_add_loop_test(
	    tc, two_exchanges_have_two_secrets, 0, METHOD_COUNT);
	tcase_add_loop_test(
	    tc, every_cut_of_a_share_is_refused, 0, METHOD_COUNT);
	tcase_add_loop_test(
	    tc, a_longer_share_is_refused_and_buffers_stay, 0, METHOD_COUNT);
	tcase_add_loop_test(
	    tc, a_buffer_that_is_too_small_fails_whole, 0, METHOD_COUNT);
	tcase_add_loop_test(tc, a_hybrid_with_a_zero_point_is_refused, 0, 3);
	tcase_add_loop_test(
	    tc, a_hybrid_with_a_point_off_its_curve_is_refused, 0, 2);
	tcase_add_loop_test(
	    tc, k_is_the_hash_of_both_secrets_in_their_whole_length, 0, 3);
	tcase_add_loop_test(tc, what_is_lacking_leaves_the_list, 0, 7);
	tcase_add_test(tc, a_group_exchange_is_not_answered_as_another);
	tcase_add_loop_test(tc, shares_are_strings_or_mpints, 0, METHOD_COUNT);
	suite_add_tcase(s, tc);
	return s;
}
