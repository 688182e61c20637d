/*
 * Tests that delegated tickets leave the ticketholder only for their own
 * client, and only once its MIC was right; and of the limit of contexts of one
 * client in a short time.  libgssapi is replaced here, so that there is no
 * network and no KDC.
 */
#include "tests/unit/unit.h"

#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#include <stdlib.h>
#include <string.h>

static OM_uint32 fake_copy(
    OM_uint32 *minor, gss_cred_id_t credential, krb5_ccache to);
static OM_uint32 fake_mic(OM_uint32 *minor, gss_ctx_id_t context,
    gss_buffer_t data, gss_buffer_t mic, gss_qop_t *quality);
static OM_uint32 fake_sign(OM_uint32 *minor, gss_ctx_id_t context,
    gss_qop_t quality, gss_buffer_t data, gss_buffer_t mic);
static OM_uint32 fake_release(OM_uint32 *minor, gss_cred_id_t *credential);
static OM_uint32 fake_accept(OM_uint32 *minor, gss_ctx_id_t *context,
    gss_cred_id_t credential, gss_buffer_t token, gss_channel_bindings_t none,
    gss_name_t *client, gss_OID *mechanism, gss_buffer_t out, OM_uint32 *flags,
    OM_uint32 *seconds, gss_cred_id_t *delegated);

#define gss_accept_sec_context fake_accept
#define gss_krb5_copy_ccache   fake_copy
#define gss_verify_mic	       fake_mic
#define gss_get_mic	       fake_sign
#define gss_release_cred       fake_release
#include "daemon/ticketholder/accept.c"

static const char *owner; /* of the tickets that were delegated */
static size_t copies; /* how many */
static bool copied, released;

static OM_uint32
fake_copy(OM_uint32 *minor, gss_cred_id_t credential, krb5_ccache to)
{
	char session[] = "the key of a ticket", sealed[] = "the ticket";
	krb5_creds ticket = {0};

	(void)credential;
	*minor = 0;
	copied = true;
	ck_assert_int_eq(krb5_parse_name(names, owner, &ticket.client), 0);
	ck_assert_int_eq(
	    krb5_parse_name(names, "krbtgt/REALM@REALM", &ticket.server), 0);
	ticket.keyblock.enctype = ENCTYPE_AES128_CTS_HMAC_SHA1_96;
	ticket.keyblock.contents = (krb5_octet *)session;
	ticket.keyblock.length = 16;
	ticket.ticket.data = sealed;
	ticket.ticket.length = sizeof(sealed);
	for (size_t i = 0; i < copies; i++)
		ck_assert_int_eq(krb5_cc_store_cred(names, to, &ticket), 0);
	krb5_free_principal(names, ticket.client);
	krb5_free_principal(names, ticket.server);
	return GSS_S_COMPLETE;
}

static OM_uint32
fake_mic(OM_uint32 *minor, gss_ctx_id_t context, gss_buffer_t data,
    gss_buffer_t mic, gss_qop_t *quality)
{
	(void)context;
	(void)data;
	(void)quality;
	*minor = 0;
	return mic->length == 4 && memcmp(mic->value, "good", 4) == 0 ?
	    GSS_S_COMPLETE :
	    GSS_S_BAD_SIG;
}

static OM_uint32
fake_sign(OM_uint32 *minor, gss_ctx_id_t context, gss_qop_t quality,
    gss_buffer_t data, gss_buffer_t mic)
{
	(void)context;
	(void)quality;
	(void)data;
	*minor = 0;
	mic->value = strdup("mine");
	mic->length = 4;
	return GSS_S_COMPLETE;
}

static OM_uint32
fake_release(OM_uint32 *minor, gss_cred_id_t *credential)
{
	*minor = 0;
	released = *credential != GSS_C_NO_CREDENTIAL;
	*credential = GSS_C_NO_CREDENTIAL;
	return GSS_S_COMPLETE;
}

static OM_uint32
fake_accept(OM_uint32 *minor, gss_ctx_id_t *context, gss_cred_id_t credential,
    gss_buffer_t token, gss_channel_bindings_t none, gss_name_t *client,
    gss_OID *mechanism, gss_buffer_t out, OM_uint32 *flags, OM_uint32 *seconds,
    gss_cred_id_t *given)
{
	gss_buffer_desc name = {strlen(owner), (void *)(uintptr_t)owner};

	(void)context;
	(void)credential;
	(void)token;
	(void)none;
	(void)out;
	(void)seconds;
	(void)given;
	*flags = GSS_C_INTEG_FLAG;
	*mechanism = (gss_OID)gss_mech_krb5;
	return gss_import_name(
	    minor, &name, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, client);
}

/* A complete context of ann's that has delegated. */
static struct accept *
delegated(void)
{
	static char credential;
	struct accept *a = accept_new();

	if (names == NULL)
		ck_assert_int_eq(krb5_init_context(&names), 0);
	ck_assert_int_eq(krb5_parse_name(names, "ann@REALM", &a->client), 0);
	a->name = mem_strdup("ann@REALM");
	a->begun = a->complete = true;
	a->delegated = (gss_cred_id_t)(void *)&credential;
	owner = "ann@REALM";
	copies = 1;
	copied = released = false;
	return a;
}

static bool
judge(struct accept *a, const char *mic)
{
	struct msg_ticket_checked checked;

	accept_mic(a, (struct bytes){(const uint8_t *)"data", 4},
	    (struct bytes){(const uint8_t *)mic, strlen(mic)}, &checked);
	return checked.good;
}

/* Take them; what the monitor is told. */
static struct msg_ticket_delegated
take_all(struct accept *a, struct buf *out)
{
	struct msg_ticket_delegated answer;

	buf_init(out, WALL_DELEGATED_MAX);
	accept_take(a, false, out, &answer);
	ck_assert_ptr_null(a->delegated);
	return answer;
}

START_TEST(tickets_are_taken_once_behind_a_right_mic)
{
	struct accept *a = delegated();
	struct msg_ticket_delegated answer;
	struct buf out;

	ck_assert(judge(a, "good"));
	answer = take_all(a, &out);
	ck_assert(copied && released);
	ck_assert_str_eq(answer.text, "");
	ck_assert_uint_gt(answer.tickets.len, 16);
	ck_assert_ptr_nonnull(
	    memmem(answer.tickets.data, answer.tickets.len, "ann@REALM", 9));
	buf_free(&out);
	answer = take_all(a, &out);
	ck_assert_uint_eq(answer.tickets.len, 0);
	ck_assert_str_eq(answer.text, "nothing was delegated");
	buf_free(&out);
	accept_free(a);
}
END_TEST

/* None; a wrong one; a right one, behind which a wrong one came. */
static const char *const mics[][2] = {
    {NULL, NULL}, {"bad!", NULL}, {"good", "bad!"}};

START_TEST(without_a_right_mic_they_are_gone)
{
	struct accept *a = delegated();
	struct msg_ticket_delegated answer;
	struct buf out;

	for (int i = 0; i < 2 && mics[_i][i] != NULL; i++)
		(void)judge(a, mics[_i][i]);
	answer = take_all(a, &out);
	ck_assert(!copied && released);
	ck_assert_uint_eq(answer.tickets.len, 0);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_str_eq(answer.text, "the client has made no MIC");
	buf_free(&out);
	/* and a right one that comes too late brings none back */
	ck_assert(judge(a, "good"));
	ck_assert_uint_eq(take_all(a, &out).tickets.len, 0);
	ck_assert(!copied);
	buf_free(&out);
	accept_free(a);
}
END_TEST

/* Our own MIC, once it was made, stands for the client's in a rekey only. */
START_TEST(a_rekey_tells_them_behind_our_mic)
{
	for (int i = 0; i < 4; i++) {
		const bool signs = (i & 1) != 0, rekey = (i & 2) != 0;
		struct accept *a = delegated();
		struct msg_ticket_signed made;
		struct msg_ticket_delegated answer;
		struct buf out;

		a->mutual = true;
		if (signs)
			accept_sign(a,
			    (struct bytes){(const uint8_t *)"hash", 4}, &made);
		buf_init(&out, WALL_DELEGATED_MAX);
		accept_take(a, rekey, &out, &answer);
		ck_assert(released);
		ck_assert_int_eq(copied, signs && rekey);
		ck_assert_int_eq(answer.tickets.len != 0, signs && rekey);
		ck_assert_int_eq(answer.text[0] != '\0', !(signs && rekey));
		buf_free(&out);
		accept_free(a);
	}
}
END_TEST

/* Another's ticket; one too many; none. */
static const struct {
	const char *owner;
	size_t copies;
} rows[] = {
    {"bob@REALM", 1}, {"ann@REALM", DELEGATED_MAX + 1}, {"ann@REALM", 0}};

START_TEST(what_is_not_the_clients_own_is_not_told)
{
	struct accept *a = delegated();
	struct msg_ticket_delegated answer;
	struct buf out;

	ck_assert(judge(a, "good"));
	owner = rows[_i].owner;
	copies = rows[_i].copies;
	answer = take_all(a, &out);
	ck_assert(copied && released);
	ck_assert_uint_eq(answer.tickets.len, 0);
	ck_assert_str_ne(answer.text, "");
	buf_free(&out);
	accept_free(a);
}
END_TEST

/* ---- the share of the replay cache ---- */

#define TOKEN (43 + 34)

/* An AP-REQ in DER, with this number in its authenticator. */
static bool
comes(uint32_t number)
{
	uint8_t token[] = {0x60, 75, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12,
	    1, 2, 2, 1, 0, 0x6e, 60, 0x30, 58, 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1,
	    14, 0xa2, 0, 0xa3, 0, 0xa4, 42, 0x30, 40, 0xa0, 0, 0xa2, 36, 4, 34,
	    [TOKEN - 1] = 0};
	struct msg_ticket_answer answer;
	struct accept *a = accept_new();

	memcpy(&token[sizeof(token) - 8], &number, sizeof(number));
	accept_token(a, (struct bytes){token, sizeof(token)}, &answer);
	accept_free(a);
	ck_assert(answer.state == TICKET_DONE || answer.text == crowded);
	return answer.state == TICKET_DONE;
}

START_TEST(one_client_does_not_fill_the_replay_cache)
{
	uint32_t n = 0;

	ck_assert_int_eq(krb5_init_context(&names), 0);
	seen = replay_new(600, 1);
	for (owner = "hog@A"; comes(n); n++)
		ck_assert_uint_lt(n, REPLAY_REALM / 4);
	ck_assert_uint_gt(n, REPLAY_REALM / 6);
	owner = "ann@A";
	ck_assert(comes(n));
	owner = "hog@A";
	ck_assert(!comes(n + 1));
	/* the same name of another realm is another client */
	owner = "hog@B";
	ck_assert(comes(n + 1));
	replay_free(seen);
	krb5_free_context(names);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("take");
	TCase *tc = tcase_create("take");

	/* This machine's krb5.conf has no part in it. */
	(void)setenv("KRB5_CONFIG", "/dev/null", 1);
	tcase_add_test(tc, tickets_are_taken_once_behind_a_right_mic);
	tcase_add_loop_test(tc, without_a_right_mic_they_are_gone, 0, 3);
	tcase_add_test(tc, a_rekey_tells_them_behind_our_mic);
	tcase_add_loop_test(tc, what_is_not_the_clients_own_is_not_told, 0, 3);
	tcase_add_test(tc, one_client_does_not_fill_the_replay_cache);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return unit_run(srunner_create(suite));
}
