/*
 * Audit events as records of the Linux audit, in the layout of Red Hat's sshd,
 * for ausearch, aureport and who else reads these.  libpam writes USER_AUTH,
 * USER_ACCT, USER_START and more of what it is asked; nothing of that is
 * repeated here.
 */
#include "daemon/monitor/linux_audit.h"

#include "config/config.h"
#include "lib/audit_netlink.h"
#include "lib/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX   128
#define FIELDS_MAX 640
#define LAST_MS	   200

static struct {
	bool taken; /* by the kernel */
	linux_audit_pam_fn *is_pam;
	const void *arg;
	const uint32_t *worker;
	bool keys, open, failed, root; /* what has been told */
	char terminal[64];
} self;

void
linux_audit_prepare(unsigned setting)
{
	int error;

	self.taken = false;
	if (setting == LINUX_AUDIT_OFF)
		return;
	error = audit_netlink_probe();
	self.taken = error == 0;
	if (error == 0)
		return;
	if (setting == LINUX_AUDIT_ON)
		AUDIT(audit_unavailable, .carrier = "the Linux audit",
		    .reason = strerror(error));
	else
		log_verbose("the Linux audit takes no records from here: %s",
		    strerror(error));
}

/* RHEL's words; a name that nobody has may be a password. */
static const char *
account(void)
{
	const struct audit_context *c = audit_context();

	switch (c->user_state) {
	case AUDIT_USER_KNOWN:
		return c->user;
	case AUDIT_USER_AUTHENTICATING:
		return c->requested;
	case AUDIT_USER_INVALID:
		return "(invalid user)";
	case AUDIT_USER_NONE:
		break;
	}
	return "(unknown user)";
}

static void
tell(enum audit_netlink_type type, const char *fields, bool success)
{
	audit_netlink_add(&(const struct audit_netlink_record){.type = type,
	    .fields = fields,
	    .acct = account(),
	    .source = &audit_context()->source,
	    .terminal = "ssh",
	    .success = success});
}

/* Without an account, as libaudit's audit_log_user_message(). */
static void
tell_crypto(enum audit_netlink_type type, const char *fields)
{
	audit_netlink_add(&(const struct audit_netlink_record){.type = type,
	    .fields = fields,
	    .source = &audit_context()->source,
	    .success = true});
}

/* sshd's word for a method. */
static const char *
method_word(const char *method)
{
	if (strncmp(method, "keyboard-interactive", 20) == 0)
		return "challenge-response";
	if (strcmp(method, "publickey") == 0)
		return "pubkey";
	if (strncmp(method, "gssapi", 6) == 0)
		return "gssapi";
	return strcmp(method, "hostbased") == 0 ? "hostbased" :
	    strcmp(method, "password") == 0	? "password" :
						  "unknown";
}

static void
tell_proof(const char *method, const char *module, const char *fp)
{
	char fields[FIELDS_MAX], word[WORD_MAX];
	const char *op = method_word(method);
	bool key = strcmp(op, "pubkey") == 0 || strcmp(op, "hostbased") == 0;

	if (module != NULL && self.is_pam(module, self.arg))
		return;
	if (key)
		snprintf(
		    fields, sizeof(fields), "op=%s_auth grantors=auth-key", op);
	else
		snprintf(fields, sizeof(fields), "op=%s grantors=%s", op,
		    audit_netlink_word(word, sizeof(word), module));
	tell(AUDIT_NETLINK_USER_AUTH, fields, true);
	if (!key || fp == NULL)
		return;
	snprintf(fields, sizeof(fields), "op=negotiate kind=auth-key fp=%s",
	    audit_netlink_word(word, sizeof(word), fp));
	tell_crypto(AUDIT_NETLINK_CRYPTO_KEY_USER, fields);
}

static void
on_auth_ok(const void *fields)
{
	const struct audit_auth_ok *e = fields;

	tell_proof(e->method, e->module, e->fp);
}

static void
on_auth_partial(const void *fields)
{
	const struct audit_auth_partial *e = fields;

	tell_proof(e->method, e->module, e->fp);
}

static void
on_auth_fail(const void *fields)
{
	const struct audit_auth_fail *e = fields;
	char text[64];

	if (e->module != NULL && self.is_pam(e->module, self.arg))
		return;
	snprintf(text, sizeof(text), "op=%s", method_word(e->method));
	tell(AUDIT_NETLINK_USER_AUTH, text, false);
}

/* A question whether a key would do, answered no: a failure to sshd. */
static void
on_key_offered(const void *fields)
{
	const struct audit_key_offered *e = fields;
	char text[64];

	snprintf(text, sizeof(text), "op=%s", method_word(e->method));
	tell(AUDIT_NETLINK_USER_AUTH, text, false);
}

static void
on_maxtries(const void *fields)
{
	(void)fields;
	tell(AUDIT_NETLINK_ANOM_LOGIN_FAILURES, "op=login", false);
}

/* The policy may say it at the first request and again at the last. */
static void
on_root_denied(const void *fields)
{
	(void)fields;
	if (!self.root)
		tell(AUDIT_NETLINK_ANOM_LOGIN_ROOT, "op=login", false);
	self.root = true;
}

/* A state of the account that PAM was not asked about, and times. */
static void
on_login_refused(const void *fields)
{
	const struct audit_login_refused *e = fields;
	static const char *const states[] = {"locked", "expired", "shell"};
	char text[64];

	if (strcmp(e->refusal, "time") == 0)
		tell(AUDIT_NETLINK_ANOM_LOGIN_TIME, "op=login", false);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(e->refusal, states[i]) == 0) {
			snprintf(
			    text, sizeof(text), "op=account-%s", states[i]);
			tell(AUDIT_NETLINK_USER_ERR, text, false);
		}
}

static void
on_session_failed(const void *fields)
{
	const struct audit_session_failed *e = fields;

	if (e->service == NULL || !self.is_pam(e->service, self.arg))
		tell(AUDIT_NETLINK_USER_ERR, "op=session", false);
}

static void
on_abandoned(const void *fields)
{
	(void)fields;
	if (!self.failed)
		tell(AUDIT_NETLINK_USER_LOGIN, "op=login", false);
	self.failed = true;
}

static unsigned
key_bits(const char *cipher)
{
	if (strncmp(cipher, "aes", 3) == 0)
		return (unsigned)strtoul(&cipher[3], NULL, 10);
	if (strncmp(cipher, "chacha20", 8) == 0)
		return 512; /* two keys */
	return strncmp(cipher, "3des", 4) == 0 ? 192 : 0;
}

/* The end of what is said of a session's keys. */
static void
put_ends(char *out, size_t size)
{
	const struct audit_context *c = audit_context();
	char local[NET_TEXT_MAX] = "?", worker[16] = "?";

	if (c->local.family != NET_NONE)
		net_print(&c->local, local);
	if (self.worker != NULL && *self.worker != 0)
		snprintf(worker, sizeof(worker), "%" PRIu32, *self.worker);
	snprintf(out, size, "spid=%s rport=%u laddr=%s lport=%u", worker,
	    (unsigned)c->source.port, local, (unsigned)c->local.port);
}

static void
tell_session(
    const char *direction, const char *cipher, const char *mac, const char *kex)
{
	char fields[FIELDS_MAX], ends[128], words[3][WORD_MAX];

	put_ends(ends, sizeof(ends));
	snprintf(fields, sizeof(fields),
	    "op=start direction=%s cipher=%s ksize=%u mac=%s pfs=%s %s",
	    direction, audit_netlink_word(words[0], WORD_MAX, cipher),
	    key_bits(cipher),
	    mac == NULL || mac[0] == '\0' ?
		"<implicit>" :
		audit_netlink_word(words[1], WORD_MAX, mac),
	    audit_netlink_word(words[2], WORD_MAX, kex), ends);
	tell_crypto(AUDIT_NETLINK_CRYPTO_SESSION, fields);
}

static void
on_kex_ok(const void *fields)
{
	const struct audit_kex_ok *e = fields;

	tell_session("from-server", e->cipher_out, e->mac_out, e->kex);
	tell_session("from-client", e->cipher_in, e->mac_in, e->kex);
	self.keys = true;
}

static void
on_session_open(const void *fields)
{
	const struct audit_session_open *e = fields;

	snprintf(self.terminal, sizeof(self.terminal), "%s%s",
	    e->tty != NULL ? "/dev/" : "", e->tty != NULL ? e->tty : "ssh");
	audit_netlink_add(&(const struct audit_netlink_record){
	    .type = AUDIT_NETLINK_USER_LOGIN,
	    .fields = "op=login",
	    .by_id = true,
	    .id = audit_context()->uid,
	    .source = &audit_context()->source,
	    .terminal = self.terminal,
	    .success = true});
	self.open = true;
}

static void
on_conn_close(const void *fields)
{
	static const char *const directions[] = {"from-server", "from-client"};
	char text[FIELDS_MAX], ends[128];

	(void)fields;
	if (self.open)
		audit_netlink_add(&(const struct audit_netlink_record){
		    .type = AUDIT_NETLINK_USER_LOGOUT,
		    .fields = "op=login",
		    .by_id = true,
		    .id = audit_context()->uid,
		    .source = &audit_context()->source,
		    .terminal = self.terminal,
		    .success = true});
	put_ends(ends, sizeof(ends));
	for (size_t i = 0; self.keys && i < 2; i++) {
		snprintf(text, sizeof(text),
		    "op=destroy kind=session fp=? direction=%s %s",
		    directions[i], ends);
		tell_crypto(AUDIT_NETLINK_CRYPTO_KEY_USER, text);
	}
	self.open = self.keys = false;
}

static void (*const handlers[AUDIT_EVENT_COUNT])(const void *) = {
    [AUDIT_auth_ok] = on_auth_ok,
    [AUDIT_auth_partial] = on_auth_partial,
    [AUDIT_auth_fail] = on_auth_fail,
    [AUDIT_key_offered] = on_key_offered,
    [AUDIT_auth_maxtries] = on_maxtries,
    [AUDIT_auth_abandoned] = on_abandoned,
    [AUDIT_root_denied] = on_root_denied,
    [AUDIT_login_refused] = on_login_refused,
    [AUDIT_session_failed] = on_session_failed,
    [AUDIT_session_open] = on_session_open,
    [AUDIT_kex_ok] = on_kex_ok,
    [AUDIT_conn_close] = on_conn_close,
};

static void
on_event(enum audit_event event, const void *fields, void *arg)
{
	(void)arg;
	if (handlers[event] == NULL)
		return;
	handlers[event](fields);
	audit_netlink_flush();
}

void
linux_audit_begin(
    linux_audit_pam_fn *is_pam, const void *arg, const uint32_t *worker)
{
	self.is_pam = is_pam;
	self.arg = arg;
	self.worker = worker;
	if (self.taken)
		audit_set_hook(on_event, NULL);
}

void
linux_audit_finish(void)
{
	struct audit_netlink_loss loss;

	if (!self.taken)
		return;
	audit_set_hook(NULL, NULL);
	loss = audit_netlink_end(LAST_MS);
	if (loss.count > 0)
		log_warn("%u records were not written to the Linux audit: %s",
		    loss.count, strerror(loss.error));
}
