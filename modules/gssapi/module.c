/*
 * gssapi.so: gssapi-with-mic and gssapi-keyex, RFC 4462 sections 3 and 4, with
 * Kerberos.  It carries tokens between the client and the ticketholder, which
 * alone has a Kerberos library, and judges who may enter as whom: the account
 * that auth_to_local names, or those of ~/.k5login.
 */
#include "modules/gssapi/gssapi.h"

#include "lib/buf.h"
#include "lib/rd.h"
#include "lib/safefile.h"
#include "lib/ssh/ssh2.h"
#include "modules/sallyport_module.h"
#include "modules/sallyport_ticket.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* RFC 4462 section 5. */
#define GSSAPI_RESPONSE		 60
#define GSSAPI_TOKEN		 61
#define GSSAPI_EXCHANGE_COMPLETE 63
#define GSSAPI_ERRTOK		 65
#define GSSAPI_MIC		 66

#define MECHANISMS_MAX 64
#define MECHANISM_MAX  256
#define TOKEN_MAX      65536
#define SIGNED_MAX     1024 /* bytes that a MIC is over */
#define K5LOGIN_MAX    65536

static const struct sallyport_host *host;
static bool use_k5login, heed_k5users;

static const char with_mic[] = "gssapi-with-mic", keyex[] = "gssapi-keyex";
static const char *const methods[] = {with_mic, keyex, NULL};

static const struct sallyport_option options[] = {
    {"k5login", SALLYPORT_BOOL, 0, 0, 0, NULL, "true",
	"let users name principals in ~/.k5login; false: auth_to_local alone"},
    {"k5users", SALLYPORT_BOOL, 0, 0, 0, NULL, "false",
	"true: where there is a ~/.k5users, auth_to_local lets nobody in: the "
	"file's commands are not enforced here"},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

/* 1.2.840.113554.1.2.2 in DER, as clients send it. */
static const uint8_t kerberos[] = {
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};

/* Is Kerberos among the mechanisms that the request offers? */
static bool
offers_kerberos(struct sallyport_login *login)
{
	struct rd r;
	size_t len;
	const uint8_t *data = host->bytes(login, SALLYPORT_METHOD_DATA, &len);
	bool found = false;
	uint32_t count;

	rd_init(&r, data, len);
	count = rd_u32(&r); /* uint32 n, the number of mechanism OIDs */
	for (uint32_t i = 0; i < count && i < MECHANISMS_MAX; i++) {
		const uint8_t *oid = rd_string(&r, MECHANISM_MAX, &len);

		found = found ||
		    (r.err == 0 && len == sizeof(kerberos) &&
			memcmp(oid, kerberos, len) == 0);
	}
	if (rd_end(&r) != 0 || count > MECHANISMS_MAX) {
		host->reason(login, "the request is malformed");
		return false;
	}
	if (!found)
		host->reason(login, "the client does not offer Kerberos");
	return found;
}

/* A packet that is one string. */
static int
send_string(
    struct sallyport_login *login, uint8_t number, const void *data, size_t len)
{
	struct buf b;
	int err;

	buf_init(&b, TOKEN_MAX + 4);
	buf_string(&b, data, len);
	err = buf_end(&b) != 0 ?
	    SALLYPORT_TOO_LARGE :
	    host->packet_send(login, number, b.data, b.len);
	buf_free(&b);
	return err;
}

static bool
one_string(
    const uint8_t *payload, size_t len, const uint8_t **data, size_t *data_len)
{
	struct rd r;

	rd_init(&r, payload, len);
	*data = rd_string(&r, TOKEN_MAX, data_len);
	return rd_end(&r) == 0;
}

/* One token; false: the try is over. */
static bool
take_token(struct sallyport_login *login, const uint8_t *token, size_t len,
    struct sallyport_ticket *ticket)
{
	if (ticket->complete) {
		host->reason(login, "a token after the last");
		return false;
	}
	if (host->tickets->accept(login, token, len, ticket) != SALLYPORT_OK) {
		if (ticket->token_len > 0)
			(void)send_string(login, GSSAPI_ERRTOK, ticket->token,
			    ticket->token_len);
		return false;
	}
	return ticket->token_len == 0 ||
	    send_string(login, GSSAPI_TOKEN, ticket->token,
		ticket->token_len) == SALLYPORT_OK;
}

static void
append_field(
    struct buf *b, struct sallyport_login *login, enum sallyport_bytes which)
{
	size_t len;
	const uint8_t *data = host->bytes(login, which, &len);

	buf_string(b, data, len);
}

/*
 * RFC 4462 sections 3.5 and 4: a MIC is over the session identifier and the
 * request.
 */
static int
append_request(struct buf *b, struct sallyport_login *login, const char *method)
{
	append_field(b, login, SALLYPORT_SESSION_ID);
	buf_u8(b, SSH_MSG_USERAUTH_REQUEST);
	append_field(b, login, SALLYPORT_REQUEST_USER);
	append_field(b, login, SALLYPORT_REQUEST_SERVICE);
	buf_text(b, method);
	return buf_end(b);
}

static bool
check_mic(struct sallyport_login *login, const uint8_t *mic, size_t len)
{
	struct buf b;
	bool good;

	buf_init(&b, SIGNED_MAX);
	good = append_request(&b, login, with_mic) == 0 &&
	    host->tickets->verify(login, b.data, b.len, mic, len) ==
		SALLYPORT_OK;
	buf_free(&b);
	return good;
}

/*
 * The exchange up to the right MIC: principal[] and local[] are the context's.
 * False, with a reason if the client has not left.
 */
static bool
exchange(struct sallyport_login *login, char *local, size_t size,
    char *principal, size_t principal_size)
{
	struct sallyport_ticket ticket = {.size = sizeof(ticket)};
	const uint8_t *payload, *data;
	size_t len, data_len;
	uint8_t number;

	for (;;) {
		if (host->packet_receive(login, &number, &payload, &len) !=
		    SALLYPORT_OK)
			return false;
		/* Section 3.8: no answer; a new request follows, or the end. */
		if (number == GSSAPI_ERRTOK)
			continue;
		if (number != GSSAPI_EXCHANGE_COMPLETE &&
		    !one_string(payload, len, &data, &data_len)) {
			host->reason(login, "a malformed packet");
			return false;
		}
		if (number == GSSAPI_TOKEN) {
			if (!take_token(login, data, data_len, &ticket))
				return false;
			if (!ticket.complete)
				continue;
			snprintf(local, size, "%s", ticket.local);
			snprintf(
			    principal, principal_size, "%s", ticket.principal);
			continue;
		}
		if (number != GSSAPI_MIC || !ticket.complete) {
			host->reason(login,
			    number == GSSAPI_EXCHANGE_COMPLETE ?
				"the client made no MIC" :
				"a packet out of order");
			return false;
		}
		return check_mic(login, data, data_len);
	}
}

/* As the user; the path, and why not, are for the log. */
static int
open_in_home(struct sallyport_login *login, const char *name, char path[4096],
    int *fd, char why[SAFEFILE_WHY_MAX])
{
	if (snprintf(path, 4096, "%s/%s", host->text(login, SALLYPORT_HOME),
		name) >= 4096) {
		snprintf(why, SAFEFILE_WHY_MAX, "the name is too long");
		return SALLYPORT_REFUSED;
	}
	return host->open_user_file(
	    login, path, K5LOGIN_MAX, fd, why, SAFEFILE_WHY_MAX);
}

/*
 * ~/.k5users would limit the commands: where there may be one, the mapped name
 * lets nobody in.
 */
static bool
is_limited(struct sallyport_login *login)
{
	char path[4096], why[SAFEFILE_WHY_MAX] = "";
	int fd, err = open_in_home(login, ".k5users", path, &fd, why);

	if (err == SALLYPORT_NOT_FOUND)
		return false;
	if (err == SALLYPORT_OK)
		close(fd);
	host->reason(login, "%s limits commands, which is not done here", path);
	return true;
}

/*
 * ~/.k5login as the user: SALLYPORT_OK if it names the principal,
 * SALLYPORT_NOT_FOUND if there is none, else SALLYPORT_REFUSED.
 */
static int
ask_k5login(struct sallyport_login *login, const char *principal)
{
	char path[4096], why[SAFEFILE_WHY_MAX] = "";
	struct buf text;
	bool named;
	int fd, err = open_in_home(login, ".k5login", path, &fd, why);

	if (err == SALLYPORT_NOT_FOUND)
		return err;
	if (err != SALLYPORT_OK) {
		host->audit(login, "keyfile_refused", path, "%s", why);
		host->reason(login, "%s: %s", path, why);
		return SALLYPORT_REFUSED;
	}
	buf_init(&text, K5LOGIN_MAX);
	named = safefile_read_fd(fd, K5LOGIN_MAX, &text) == 0 &&
	    k5login_names((const char *)text.data, text.len, principal);
	close(fd);
	buf_free(&text);
	if (named)
		return SALLYPORT_OK;
	host->reason(login, "principal %s is not in %s", principal, path);
	return SALLYPORT_REFUSED;
}

/* As krb5_kuserok(3): the file if there is one, else the mapped name. */
static bool
may_enter(
    struct sallyport_login *login, const char *principal, const char *local)
{
	int err =
	    use_k5login ? ask_k5login(login, principal) : SALLYPORT_NOT_FOUND;

	if (err != SALLYPORT_NOT_FOUND)
		return err == SALLYPORT_OK;
	if (heed_k5users && is_limited(login))
		return false;
	if (local[0] != '\0' &&
	    strcmp(local, host->text(login, SALLYPORT_USER)) == 0)
		return true;
	host->reason(login, "principal %s is %s%s", principal,
	    local[0] == '\0' ? "no account's" : "the account ", local);
	return false;
}

/* RFC 4462 section 4: the client is the one that has exchanged keys. */
static bool
enter_by_key_exchange(struct sallyport_login *login)
{
	struct sallyport_ticket ticket = {.size = sizeof(ticket)};
	const uint8_t *data, *mic = NULL;
	size_t len, mic_len = 0;
	struct buf b;
	bool good;

	data = host->bytes(login, SALLYPORT_METHOD_DATA, &len);
	if (!one_string(data, len, &mic, &mic_len)) {
		host->reason(login, "the request is malformed");
		return false;
	}
	buf_init(&b, SIGNED_MAX);
	good = append_request(&b, login, keyex) == 0 &&
	    host->tickets->verify_exchange(
		login, b.data, b.len, mic, mic_len, &ticket) == SALLYPORT_OK;
	buf_free(&b);
	return good && may_enter(login, ticket.principal, ticket.local);
}

static bool
enter_with_mic(struct sallyport_login *login)
{
	char local[SSH_USER_MAX + 1] = "", principal[1025] = "";

	return exchange(
		   login, local, sizeof(local), principal, sizeof(principal)) &&
	    may_enter(login, principal, local);
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	bool by_exchange =
	    strcmp(host->text(login, SALLYPORT_METHOD), keyex) == 0;
	const char *reason;

	(void)connection;
	if (!by_exchange &&
	    (!offers_kerberos(login) ||
		send_string(login, GSSAPI_RESPONSE, kerberos,
		    sizeof(kerberos)) != SALLYPORT_OK))
		return SALLYPORT_DENY;
	if (by_exchange ? enter_by_key_exchange(login) :
			  enter_with_mic(login)) {
		host->audit(
		    login, "ticket_authorized", "krb5_kuserok", "%s", "");
		return SALLYPORT_ALLOW;
	}
	reason = host->text(login, SALLYPORT_REASON);
	if (reason[0] != '\0')
		host->audit(login, "ticket_rejected", NULL, "%s", reason);
	return SALLYPORT_DENY;
}

static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **state)
{
	(void)state;
	host = h;
	if (h->size < sizeof(*h) || h->tickets->size < sizeof(*h->tickets)) {
		h->problem(NULL, "needs a server that has a ticketholder");
		return -1;
	}
	use_k5login = true;
	heed_k5users = false;
	for (size_t i = 0; i < count; i++) {
		bool is = strcmp(settings[i].value, "true") == 0;

		if (strcmp(settings[i].name, "k5login") == 0)
			use_k5login = is;
		else if (strcmp(settings[i].name, "k5users") == 0)
			heed_k5users = is;
	}
	return 0;
}

static void
describe(void *state, void (*print)(void *to, const char *line), void *to)
{
	(void)state;
	print(to,
	    use_k5login ? "principals in ~/.k5login, or the one whose "
			  "auth_to_local is the user" :
			  "the principal whose auth_to_local is the user");
	if (heed_k5users)
		print(to, "with a ~/.k5users those in ~/.k5login alone");
}

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "gssapi",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .authenticate = authenticate,
    .describe = describe,
};
