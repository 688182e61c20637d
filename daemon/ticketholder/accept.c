/*
 * One security context: RFC 2743's side of a server, with Kerberos (RFC 4121)
 * as the only mechanism.  What libgssapi says is passed on; who may log in as
 * whom is the monitor's to decide.
 */
#include "daemon/ticketholder/replay.h"
#include "daemon/ticketholder/ticketholder.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include <sys/random.h>

#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A client delegates one ticket for its realm; some libraries a few more. */
#define DELEGATED_MAX 8

struct accept {
	gss_ctx_id_t context;
	gss_cred_id_t delegated; /* until it is taken, or the end */
	krb5_principal client; /* of a complete one, */
	char *name; /* as libkrb5 writes it */
	bool begun, complete, proven; /* proven: the MIC was right */
	bool mutual; /* the client wants proof of us, */
	bool given; /* and has been given it */
};

static krb5_context names; /* for auth_to_local */
static gss_cred_id_t keys;
static struct replay *seen;

/* The last answer points into these. */
static gss_buffer_desc token_out, mic_out;
static char principal_text[WALL_TEXT_MAX + 1];
static char local_text[SSH_USER_MAX + 1];
static char status_text[WALL_TEXT_MAX + 1];

/* Into status_text; false if it says nothing. */
static bool
display(OM_uint32 code, int kind)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 more = 0, ignored;

	if (gss_display_status(&ignored, code, kind, (gss_OID)gss_mech_krb5,
		&more, &text) != GSS_S_COMPLETE)
		return false;
	snprintf(status_text, sizeof(status_text), "%.*s", (int)text.length,
	    (const char *)text.value);
	gss_release_buffer(&ignored, &text);
	return true;
}

/*
 * The mechanism's own words if it has any, else those of GSS-API.  libgssapi
 * numbers a mechanism's codes anew: its "Success" need not be 0.
 */
static const char *
status(OM_uint32 major, OM_uint32 minor)
{
	if (minor != 0 && display(minor, GSS_C_MECH_CODE) &&
	    strcmp(status_text, "Success") != 0)
		return status_text;
	if (!display(major, GSS_C_GSS_CODE))
		snprintf(status_text, sizeof(status_text), "error %u, %u",
		    (unsigned)major, (unsigned)minor);
	return status_text;
}

/* By how many seconds the client's clock may differ, either way. */
static uint64_t
clock_tolerance(void)
{
	const int usual = 300;
	profile_t profile = NULL;
	int seconds = usual;

	if (krb5_get_profile(names, &profile) == 0) {
		(void)profile_get_integer(
		    profile, "libdefaults", "clockskew", NULL, usual, &seconds);
		profile_release(profile);
	}
	return seconds < 1 ? 1 : (uint64_t)seconds;
}

int
accept_prepare(krb5_context context, char *why, size_t size)
{
	gss_OID_set_desc kerberos = {1, (gss_OID)gss_mech_krb5};
	/* libkrb5's own writes files; replay.c has ours. */
	gss_key_value_element_desc places[] = {
	    {"keytab", TICKET_KEYTAB}, {"rcache", "none:"}};
	gss_key_value_set_desc store = {2, places};
	OM_uint32 major, minor;
	uint64_t seed;

	names = context;
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		snprintf(why, size, "no random numbers");
		return -1;
	}
	seen = replay_new(2 * clock_tolerance(), seed);
	major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE,
	    &kerberos, GSS_C_ACCEPT, &store, &keys, NULL, NULL);
	if (major == GSS_S_COMPLETE)
		return 0;
	snprintf(why, size, "%s", status(major, minor));
	return -1;
}

struct accept *
accept_new(void)
{
	struct accept *a = mem_zalloc(sizeof(*a));

	a->context = GSS_C_NO_CONTEXT;
	a->delegated = GSS_C_NO_CREDENTIAL;
	return a;
}

void
accept_free(struct accept *a)
{
	OM_uint32 ignored;

	gss_release_cred(&ignored, &a->delegated);
	krb5_free_principal(names, a->client);
	free(a->name);
	gss_delete_sec_context(&ignored, &a->context, GSS_C_NO_BUFFER);
	free(a);
}

/* The account that auth_to_local makes of the principal, if any. */
static void
map(const char *principal, krb5_principal *client)
{
	krb5_error_code code = krb5_parse_name(names, principal, client);

	if (code == 0)
		code = krb5_aname_to_localname(
		    names, *client, sizeof(local_text) - 1, local_text);
	if (code != 0) {
		const char *text = krb5_get_error_message(names, code);

		local_text[0] = '\0';
		log_debug("no account of %s: %s", principal, text);
		krb5_free_error_message(names, text);
	}
}

/* The client's name, as libkrb5 writes it: "user@REALM". */
static bool
name_client(gss_name_t client)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 ignored;
	bool good;

	if (gss_display_name(&ignored, client, &text, NULL) != GSS_S_COMPLETE)
		return false;
	good = text.length > 0 && text.length < sizeof(principal_text) &&
	    memchr(text.value, '\0', text.length) == NULL;
	if (good) {
		memcpy(principal_text, text.value, text.length);
		principal_text[text.length] = '\0';
	}
	gss_release_buffer(&ignored, &text);
	return good;
}

/* A context that is complete: is it one that a login can go by? */
static const char *
complete(
    struct accept *a, gss_name_t client, gss_OID mechanism, OM_uint32 flags)
{
	if (mechanism == GSS_C_NO_OID ||
	    mechanism->length != gss_mech_krb5->length ||
	    memcmp(mechanism->elements, gss_mech_krb5->elements,
		mechanism->length) != 0)
		return "the mechanism is not Kerberos";
	if ((flags & GSS_C_INTEG_FLAG) == 0)
		return "the context protects no messages";
	if ((flags & GSS_C_ANON_FLAG) != 0)
		return "the client is anonymous";
	if (!name_client(client))
		return "the client has no proper name";
	map(principal_text, &a->client);
	a->name = mem_strdup(principal_text);
	a->mutual = (flags & GSS_C_MUTUAL_FLAG) != 0;
	a->complete = true;
	return NULL;
}

static const char crowded[] = "too many tickets in a short time: which are "
			      "replayed would not be known";

/* The first token of a context: NULL, or why it is not even tried. */
static const char *
refuse_replay(struct bytes token, uint8_t tag[REPLAY_TAG], uint64_t now)
{
	if (replay_tag(token.data, token.len, tag) != 0)
		return "the token is not one that Kerberos begins with";
	switch (replay_check(seen, tag, now)) {
	case 0:
		return NULL;
	case E_DENIED:
		return "Request is a replay";
	default:
		return crowded;
	}
}

/* It made a context, or is about to: NULL, or why that cannot count. */
static const char *
remember(gss_name_t client, const uint8_t tag[REPLAY_TAG], uint64_t now)
{
	krb5_principal principal = NULL;
	char *realm = NULL;
	int err;

	/* The client of a context that goes on may not be known yet. */
	if (client == GSS_C_NO_NAME || !name_client(client) ||
	    krb5_parse_name(names, principal_text, &principal) != 0)
		principal_text[0] = '\0';
	else
		realm =
		    mem_strndup(principal->realm.data, principal->realm.length);
	krb5_free_principal(names, principal);
	err = replay_add(
	    seen, tag, principal_text, realm != NULL ? realm : "", now);
	free(realm);
	return err != 0 ? crowded : NULL;
}

void
accept_token(
    struct accept *a, struct bytes token, struct msg_ticket_answer *answer)
{
	gss_buffer_desc in = {token.len, (void *)(uintptr_t)token.data};
	gss_name_t client = GSS_C_NO_NAME;
	gss_OID mechanism = GSS_C_NO_OID;
	OM_uint32 major, minor, flags = 0, ignored;
	uint64_t now = loop_clock() / 1000;
	uint8_t tag[REPLAY_TAG];
	bool first = !a->begun;
	const char *fault = NULL;

	gss_release_buffer(&ignored, &token_out);
	*answer = (struct msg_ticket_answer){
	    .state = TICKET_FAILED, .principal = "", .local = "", .text = ""};
	if (a->complete) {
		answer->text = "a token after the last";
		return;
	}
	if (first && (fault = refuse_replay(token, tag, now)) != NULL) {
		answer->text = fault;
		return;
	}
	a->begun = true;
	major = gss_accept_sec_context(&minor, &a->context, keys, &in,
	    GSS_C_NO_CHANNEL_BINDINGS, &client, &mechanism, &token_out, &flags,
	    NULL, &a->delegated);
	if (token_out.length <= WALL_TOKEN_MAX)
		answer->token =
		    (struct bytes){token_out.value, token_out.length};
	if (GSS_ERROR(major))
		answer->text = status(major, minor);
	else if (first && (fault = remember(client, tag, now)) != NULL)
		answer->text = fault;
	else if (major & GSS_S_CONTINUE_NEEDED)
		answer->state = TICKET_GOES_ON;
	else if ((fault = complete(a, client, mechanism, flags)) != NULL)
		answer->text = fault;
	else {
		answer->state = TICKET_DONE;
		answer->principal = principal_text;
		answer->local = local_text;
		answer->delegated = a->delegated != GSS_C_NO_CREDENTIAL;
	}
	gss_release_name(&ignored, &client);
}

void
accept_mic(struct accept *a, struct bytes data, struct bytes mic,
    struct msg_ticket_checked *answer)
{
	gss_buffer_desc over = {data.len, (void *)(uintptr_t)data.data};
	gss_buffer_desc given = {mic.len, (void *)(uintptr_t)mic.data};
	OM_uint32 major, minor;

	*answer = (struct msg_ticket_checked){.good = false, .text = ""};
	if (!a->complete) {
		answer->text = "the context is not complete";
		return;
	}
	major = gss_verify_mic(&minor, a->context, &over, &given, NULL);
	answer->good = a->proven = major == GSS_S_COMPLETE;
	if (!answer->good)
		answer->text = status(major, minor);
}

void
accept_sign(
    struct accept *a, struct bytes hash, struct msg_ticket_signed *answer)
{
	gss_buffer_desc over = {hash.len, (void *)(uintptr_t)hash.data};
	OM_uint32 major, minor, ignored;

	*answer = (struct msg_ticket_signed){.text = ""};
	gss_release_buffer(&ignored, &mic_out);
	if (!a->complete || !a->mutual) {
		answer->text = a->complete ?
		    "the client asks for no proof of this host" :
		    "the context is not complete";
		return;
	}
	major =
	    gss_get_mic(&minor, a->context, GSS_C_QOP_DEFAULT, &over, &mic_out);
	if (major != GSS_S_COMPLETE)
		answer->text = status(major, minor);
	else if (mic_out.length > WALL_TEXT_MAX)
		answer->text = "the MIC is too large";
	else {
		answer->mic = (struct bytes){mic_out.value, mic_out.length};
		a->given = true;
	}
}

/* One ticket, of the client itself. */
static krb5_error_code
append_ticket(struct buf *out, krb5_const_principal client, krb5_creds *ticket)
{
	krb5_error_code code;
	krb5_data *data;

	if (!krb5_principal_compare(names, client, ticket->client))
		return KRB5_PRINC_NOMATCH;
	code = krb5_marshal_credentials(names, ticket, &data);
	if (code != 0)
		return code;
	buf_string(out, data->data, data->length);
	explicit_bzero(data->data, data->length);
	krb5_free_data(names, data);
	return 0;
}

static krb5_error_code
append_tickets(struct buf *out, krb5_const_principal client, krb5_ccache cache)
{
	krb5_cc_cursor cursor;
	krb5_creds ticket;
	size_t count = 0;
	krb5_error_code code = krb5_cc_start_seq_get(names, cache, &cursor);

	if (code != 0)
		return code;
	while (
	    (code = krb5_cc_next_cred(names, cache, &cursor, &ticket)) == 0) {
		code = count++ == DELEGATED_MAX ?
		    KRB5_CC_NOMEM :
		    append_ticket(out, client, &ticket);
		krb5_free_cred_contents(names, &ticket);
		if (code != 0)
			break;
	}
	(void)krb5_cc_end_seq_get(names, cache, &cursor);
	if (code == KRB5_CC_END)
		code = count == 0 ? KRB5_CC_NOTFOUND : 0;
	return code;
}

/* All that was delegated, into *out.  NULL, or why not. */
static const char *
take_tickets(struct accept *a, struct buf *out)
{
	krb5_ccache cache = NULL;
	OM_uint32 major = GSS_S_COMPLETE, minor = 0;
	krb5_error_code code =
	    krb5_cc_new_unique(names, "MEMORY", NULL, &cache);

	if (code == 0)
		code = krb5_cc_initialize(names, cache, a->client);
	if (code == 0)
		major = gss_krb5_copy_ccache(&minor, a->delegated, cache);
	if (code == 0 && major == GSS_S_COMPLETE) {
		buf_text(out, a->name);
		code = append_tickets(out, a->client, cache);
	}
	if (cache != NULL)
		(void)krb5_cc_destroy(names, cache);
	if (code != 0)
		return status(GSS_S_FAILURE, (OM_uint32)code);
	if (major != GSS_S_COMPLETE)
		return status(major, minor);
	return buf_end(out) != 0 ? err_text(out->err) : NULL;
}

void
accept_take(struct accept *a, bool rekey, struct buf *out,
    struct msg_ticket_delegated *answer)
{
	const char *fault = "nothing was delegated";
	OM_uint32 ignored;

	*answer = (struct msg_ticket_delegated){.text = ""};
	if (rekey && !a->given)
		fault = "the context is not of a key exchange";
	else if (!rekey && !a->proven)
		fault = "the client has made no MIC";
	else if (a->delegated != GSS_C_NO_CREDENTIAL && a->client != NULL)
		fault = take_tickets(a, out);
	gss_release_cred(&ignored, &a->delegated);
	if (fault == NULL)
		answer->tickets = (struct bytes){out->data, out->len};
	else
		answer->text = fault;
}
