/*
 * The functions that modules call, in the monitor.  They answer from the
 * monitor's own structs, keep what a module tells within its bounds, and give
 * nothing away about users who may not log in: those look real from here.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "modules/host/problem.h"
#include "privsep/errand_run.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY 65534

/* The name under which the administrator knows the module being called. */
static const char *
module_name(struct monitor *m)
{
	return m->template->modules[m->auth->current].settings->name;
}

/* Those of the configuration that the decision leaves. */
static const char *
ca_algorithms(struct monitor *m)
{
	static char list[2048];
	const struct strings *names =
	    &m->template->config->crypto.ca_algorithms;
	size_t used = 0;

	list[0] = '\0';
	for (size_t i = 0; i < names->count && used < sizeof(list); i++) {
		if (!policy_may_ca_algorithm(
			m->auth->decision, names->items[i]))
			continue;
		used += (size_t)snprintf(&list[used], sizeof(list) - used,
		    "%s%s", used > 0 ? "," : "", names->items[i]);
	}
	return list;
}

static const char *
host_text(struct sallyport_login *login, enum sallyport_text which)
{
	static char address[2][NET_TEXT_MAX], version[256];
	struct monitor *m = login->m;
	const struct auth *a = m->auth;

	switch (which) {
	case SALLYPORT_USER:
		return auth_user_name(m);
	case SALLYPORT_HOME:
		return m->user_known ? m->passwd.pw_dir : "/nonexistent";
	case SALLYPORT_SHELL:
		return m->user_known ? m->passwd.pw_shell : "/bin/sh";
	case SALLYPORT_METHOD:
		return a->attempt.method == NULL ? "" : a->attempt.method;
	case SALLYPORT_PARAMETER:
		return a->attempt.step == NULL ||
			a->attempt.step->service == NULL ?
		    "" :
		    a->attempt.step->service;
	case SALLYPORT_SOURCE:
		return m->source.family == NET_NONE ?
		    "" :
		    net_print(&m->source, address[0]);
	case SALLYPORT_LOCAL:
		return m->local.family == NET_NONE ?
		    "" :
		    net_print(&m->local, address[1]);
	case SALLYPORT_LISTENER:
		return m->listener;
	case SALLYPORT_CONNECTION:
		return m->connection_id;
	case SALLYPORT_TTY:
		return a->tty;
	case SALLYPORT_COMPLETED:
		return auth_exposed(m);
	case SALLYPORT_ALGORITHM:
		return a->attempt.algorithm;
	case SALLYPORT_CLIENT_HOST:
		return a->attempt.client_host;
	case SALLYPORT_CLIENT_USER:
		return a->attempt.client_user;
	case SALLYPORT_CLIENT_VERSION:
		snprintf(version, sizeof(version), "%.*s",
		    (int)m->client_version.len,
		    (const char *)m->client_version.data);
		return version;
	case SALLYPORT_RULE:
		return a->decision->rule == NULL ? "" : a->decision->rule->name;
	case SALLYPORT_CA_ALGORITHMS:
		return ca_algorithms(m);
	case SALLYPORT_REASON:
		return a->attempt.reason;
	case SALLYPORT_SERVICE:
		return a->decision->grants.pam_service == NULL ?
		    "" :
		    a->decision->grants.pam_service;
	case SALLYPORT_GROUPS:
		return auth_group_text(m);
	case SALLYPORT_INSTANCE:
		return module_name(m);
	case SALLYPORT_TICKET_CACHE:
		return a->delegated.cache == NULL ? "" : a->delegated.cache;
	}
	return "";
}

static int64_t
host_number(struct sallyport_login *login, enum sallyport_number which)
{
	struct monitor *m = login->m;
	const struct auth *a = m->auth;

	switch (which) {
	case SALLYPORT_UID:
		return m->user_known ? m->passwd.pw_uid : NOBODY;
	case SALLYPORT_GID:
		return m->user_known ? m->passwd.pw_gid : NOBODY;
	case SALLYPORT_SOURCE_PORT:
		return m->source_port;
	case SALLYPORT_LOCAL_PORT:
		return m->local_port;
	case SALLYPORT_KNOWN:
		return m->user_known;
	case SALLYPORT_HAS_SIGNATURE:
		return !a->attempt.query;
	case SALLYPORT_HOSTBOUND:
		return a->attempt.hostbound;
	case SALLYPORT_RSA_BITS:
		return m->template->config->crypto.rsa_bits;
	case SALLYPORT_TIME:
		return a->attempt.now;
	}
	return 0;
}

static const uint8_t *
host_bytes(
    struct sallyport_login *login, enum sallyport_bytes which, size_t *len)
{
	struct monitor *m = login->m;
	const struct attempt *a = &m->auth->attempt;
	struct bytes b = {NULL, 0};

	switch (which) {
	case SALLYPORT_SESSION_ID:
		b = (struct bytes){m->session_id, m->session_id_len};
		break;
	case SALLYPORT_REQUEST_USER:
		b = a->user;
		if (!auth_name_is_sane(m->user))
			b = (struct bytes){(const uint8_t *)auth_user_name(m),
			    strlen(auth_user_name(m))};
		break;
	case SALLYPORT_REQUEST_SERVICE:
		b = a->service;
		break;
	case SALLYPORT_PASSWORD:
		b = a->password;
		break;
	case SALLYPORT_PUBLIC_KEY:
		b = a->key;
		break;
	case SALLYPORT_SIGNATURE:
		b = a->signature;
		break;
	case SALLYPORT_REQUEST_HOST_KEY:
		b = a->host_key;
		break;
	case SALLYPORT_HOST_KEY:
		b = auth_host_key(m);
		break;
	case SALLYPORT_METHOD_DATA:
		b = a->data;
		break;
	case SALLYPORT_SUBMETHODS:
		b = a->submethods;
		break;
	}
	*len = b.len;
	return b.data == NULL ? (const uint8_t *)"" : b.data;
}

static void SALLYPORT_FORMAT(2, 3)
    host_reason(struct sallyport_login *login, const char *format, ...)
{
	struct attempt *a = &login->m->auth->attempt;
	va_list args;

	va_start(args, format);
	vsnprintf(a->reason, sizeof(a->reason), format, args);
	va_end(args);
}

#define KEEP(place, text) \
	snprintf((place), sizeof(place), "%s", (text) == NULL ? "" : (text))

static int
host_key(struct sallyport_login *login, const struct sallyport_key *key)
{
	struct auth *a = login->m->auth;
	struct attempt *t = &a->attempt;
	struct policy_facts facts = a->facts;
	const char *methods[CHAIN_STEPS_MAX + 1];
	char why[256] = "";

	if (!host_allows(login, HOST_KEY) || key->size < sizeof(*key) ||
	    key->type == NULL || key->fingerprint == NULL)
		return SALLYPORT_STATE;
	t->has_key = true;
	KEEP(t->key_type, key->type);
	KEEP(t->fingerprint, key->fingerprint);
	KEEP(t->key_source, key->source);
	KEEP(t->place, key->place);
	KEEP(t->key_id, key->key_id);
	KEEP(t->ca_type, key->ca_type);
	KEEP(t->ca_fingerprint, key->ca_fingerprint);
	t->serial = key->serial;
	t->key_bits = key->bits;
	/* Before the signature nobody knows what the key will say. */
	t->touched = key->proven == 0 || key->touched != 0;
	t->verified = key->proven == 0 || key->verified != 0;
	if (a->walk.hopeless)
		return SALLYPORT_OK; /* the decoy sees the same look-ups */
	facts.key_state = FACT_KNOWN;
	facts.key_type = t->key_type;
	facts.key_algorithm = t->algorithm[0] != '\0' ? t->algorithm : NULL;
	facts.key_fingerprint = t->fingerprint;
	facts.key_source = t->key_source[0] != '\0' ? t->key_source : NULL;
	facts.key_ca = t->ca_fingerprint[0] != '\0' ? t->ca_fingerprint : NULL;
	facts.key_bits = t->key_bits;
	facts.key_touched = t->touched;
	facts.key_verified = t->verified;
	facts.methods = methods;
	facts.method_count = 0;
	for (size_t i = 0; i < a->walk.done_count; i++)
		methods[facts.method_count++] = a->walk.done[i];
	methods[facts.method_count++] = t->method;
	if (policy_may_key_here(login->m->template->config, a->decision, &facts,
		why, sizeof(why)))
		return SALLYPORT_OK;
	KEEP(t->reason, why);
	return SALLYPORT_REFUSED;
}

static int
host_ask(struct sallyport_login *login, const char *instruction,
    struct sallyport_prompt *prompts, size_t count)
{
	if (!host_allows(login, HOST_ASK))
		return SALLYPORT_STATE;
	return ask_round(login->m, instruction, prompts, count);
}

static int
host_show(struct sallyport_login *login, const char *text)
{
	if (!host_allows(login, HOST_SHOW))
		return SALLYPORT_STATE;
	return ask_show(login->m, text);
}

static int
host_ask_change(struct sallyport_login *login, const char *prompt,
    const char **old_password, const char **new_password)
{
	if (!host_allows(login, HOST_ASK_CHANGE))
		return SALLYPORT_STATE;
	return ask_change(login->m, prompt, old_password, new_password);
}

static int
host_packet_send(struct sallyport_login *login, uint8_t number,
    const void *payload, size_t len)
{
	if (!host_allows(login, HOST_PACKET_SEND))
		return SALLYPORT_STATE;
	return ask_packet_send(login->m, number, payload, len);
}

static int
host_packet_receive(struct sallyport_login *login, uint8_t *number,
    const uint8_t **payload, size_t *len)
{
	if (!host_allows(login, HOST_PACKET_RECEIVE))
		return SALLYPORT_STATE;
	return ask_packet_receive(login->m, number, payload, len);
}

static void
host_call_begin(
    struct sallyport_login *login, enum sallyport_call call, const char *detail)
{
	static const enum slot_call calls[] = {
	    [SALLYPORT_CALL_MODULE] = CALL_MODULE,
	    [SALLYPORT_CALL_PAM_START] = CALL_PAM_START,
	    [SALLYPORT_CALL_PAM_AUTHENTICATE] = CALL_PAM_AUTHENTICATE,
	    [SALLYPORT_CALL_PAM_ACCOUNT] = CALL_PAM_ACCOUNT,
	    [SALLYPORT_CALL_PAM_CHAUTHTOK] = CALL_PAM_CHAUTHTOK,
	    [SALLYPORT_CALL_PAM_SETCRED] = CALL_PAM_SETCRED,
	    [SALLYPORT_CALL_PAM_OPEN_SESSION] = CALL_PAM_OPEN_SESSION,
	    [SALLYPORT_CALL_PAM_CLOSE_SESSION] = CALL_PAM_CLOSE_SESSION,
	    [SALLYPORT_CALL_PAM_END] = CALL_PAM_END,
	    [SALLYPORT_CALL_KEY_SOURCE] = CALL_KEY_SOURCE,
	    [SALLYPORT_CALL_NAME_SERVICE] = CALL_NSS,
	};
	char text[sizeof(login->m->auth->call_detail)];

	if ((size_t)call < sizeof(calls) / sizeof(calls[0]) &&
	    call != SALLYPORT_CALL_MODULE) {
		auth_call(login->m, calls[call], detail);
		return;
	}
	/* The module's own: the log names it, its function and the detail. */
	snprintf(text, sizeof(text), "%s%s%s", module_name(login->m),
	    detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
	auth_call(login->m, auth_stage_call(login->m->auth->stage), text);
}

/* Back to the module's own call: nothing a module does is without one. */
static void
host_call_end(struct sallyport_login *login)
{
	struct auth *a = login->m->auth;

	a->last_call = a->call;
	a->last_call_ms = (auth_clock() - a->call_began) / 1000;
	auth_call(login->m, auth_stage_call(a->stage), module_name(login->m));
}

/* Files of the user are looked at as the user. */
static struct errand_as
as_user(struct sallyport_login *login)
{
	const struct auth *a = login->m->auth;

	return (struct errand_as){
	    .uid = (uid_t)host_number(login, SALLYPORT_UID),
	    .gid = (gid_t)host_number(login, SALLYPORT_GID),
	    .groups = a->groups,
	    .group_count = a->group_count,
	    .whose = (uid_t)host_number(login, SALLYPORT_UID),
	    .private_group_of = login->m->template->config->private_groups ?
		host_text(login, SALLYPORT_USER) :
		NULL};
}

static unsigned
file_deadline(const struct sallyport_login *login)
{
	return login->m->template->config->deadlines.key_command * 1000;
}

static int
host_open_user_file(struct sallyport_login *login, const char *path, size_t max,
    int *fd, char *why, size_t why_size)
{
	const struct errand_as as = as_user(login);

	return errand_open(&as, path, host_text(login, SALLYPORT_HOME), max,
	    file_deadline(login), fd, why, why_size);
}

static int
host_match_user_files(struct sallyport_login *login, const char *pattern,
    char **names, size_t *len, char *why, size_t why_size)
{
	const struct errand_as as = as_user(login);

	return errand_match(
	    &as, pattern, file_deadline(login), names, len, why, why_size);
}

static int
host_open_file(struct sallyport_login *login, const char *path, size_t max,
    int *fd, char *why, size_t why_size)
{
	const struct errand_as as = {
	    .whose = (uid_t)host_number(login, SALLYPORT_UID)};

	return errand_open(
	    &as, path, NULL, max, file_deadline(login), fd, why, why_size);
}

static int
host_run(struct sallyport_login *login, const struct sallyport_command *command,
    char **output, size_t *len, int *status, char *why, size_t why_size)
{
	if (command->size < sizeof(*command) || command->argv == NULL ||
	    command->argv[0] == NULL)
		return SALLYPORT_STATE;
	return errand_run(command, (uid_t)host_number(login, SALLYPORT_UID),
	    output, len, status, why, why_size);
}

static int
host_asks_revoked(struct sallyport_login *login, const char *path)
{
	return policy_asks_revoked(login->m->auth->decision, path);
}

static int
host_counts_source(struct sallyport_login *login, const char *source)
{
	return policy_counts_source(login->m->auth->decision, source);
}

/* "bad ownership or modes for file PATH (owner 0, mode 0666)": sshd's sentence
 * ends before the parenthesis. */
static void
tell_keyfile(const char *source, char *text)
{
	char *detail = strstr(text, " (owner ");

	if (detail != NULL)
		*detail++ = '\0';
	AUDIT(keyfile_refused, .source = source, .reason = text,
	    .detail = detail);
}

/* sshd names the file of an authority, without the line. */
static void
tell_certificate(const struct attempt *t, const char *source, const char *names)
{
	char file[512];
	char *colon;

	snprintf(file, sizeof(file), "%s", source);
	colon = strrchr(file, ':');
	if (colon != NULL && colon[1 + strspn(&colon[1], "0123456789")] == '\0')
		*colon = '\0';
	AUDIT(cert_accepted, .key_type = t->key_type, .fp = t->fingerprint,
	    .key_id = t->key_id, .serial = t->serial, .ca_type = t->ca_type,
	    .ca_fp = t->ca_fingerprint, .principals = names, .source = file);
}

/* In its dialogue sshd takes a refused account for a wrong answer. */
static void
tell_denied(const struct attempt *t, const char *service, const char *why)
{
	int quiet =
	    strcmp(t->method, "keyboard-interactive") == 0 ? AUDIT_AT_DEBUG : 0;

	AUDIT_QUIETLY(quiet, pam_denied, .service = service, .reason = why);
}

/* What modules may emit, by name: see doc/MODULES.md. */
static void SALLYPORT_FORMAT(4, 5) host_audit(struct sallyport_login *login,
    const char *event, const char *subject, const char *format, ...)
{
	const struct attempt *t = &login->m->auth->attempt;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
#define IS(name) (strcmp(event, #name) == 0)
	if (IS(keyfile_refused))
		tell_keyfile(subject, text);
	else if (IS(keyline_bad))
		AUDIT(keyline_bad, .source = subject, .reason = text);
	else if (IS(keysource_error))
		AUDIT(keysource_error, .source = subject, .reason = text);
	else if (IS(keysource_slow))
		AUDIT(keysource_slow, .source = subject,
		    .duration_ms = strtoull(text, NULL, 10));
	else if (IS(krl_error))
		AUDIT(krl_error, .file = subject, .reason = text);
	else if (IS(key_accepted))
		AUDIT(key_accepted, .key_type = t->key_type,
		    .fp = t->fingerprint, .bits = t->key_bits,
		    .source = subject);
	else if ((IS(key_rejected) || IS(cert_rejected)) &&
	    !auth_refused_key_is_news(login->m))
		return;
	else if (IS(key_rejected))
		AUDIT(key_rejected, .key_type = t->key_type,
		    .fp = t->fingerprint, .bits = t->key_bits,
		    .source = subject, .reason = text);
	else if (IS(cert_accepted))
		tell_certificate(t, subject, text);
	else if (IS(cert_rejected))
		AUDIT(cert_rejected, .key_type = t->key_type,
		    .fp = t->fingerprint, .key_id = t->key_id,
		    .serial = t->serial, .ca_type = t->ca_type,
		    .ca_fp = t->ca_fingerprint, .reason = text,
		    .detail = subject);
	else if (IS(key_elsewhere))
		AUDIT(key_elsewhere, .line = text);
	else if (IS(key_refusal))
		AUDIT(key_refusal, .line = text);
	else if (IS(cert_revoked))
		AUDIT(cert_revoked, .key_type = t->key_type,
		    .fp = t->fingerprint, .key_id = t->key_id,
		    .serial = t->serial, .ca_type = t->ca_type,
		    .ca_fp = t->ca_fingerprint, .source = subject);
	else if (IS(pam_result))
		/* "status sentence": libpam's number goes first. */
		AUDIT(pam_result, .service = subject,
		    .phase = slot_call_text(login->m->auth->last_call),
		    .status = strtoull(text, NULL, 10),
		    .reason = &text[strspn(text, "0123456789 ")],
		    .duration_ms = login->m->auth->last_call_ms);
	else if (IS(pam_denied))
		tell_denied(t, subject, text);
	else if (IS(pam_error))
		AUDIT(pam_error, .service = subject, .reason = text);
	else if (IS(hostbased_ok))
		AUDIT(hostbased_ok, .host = t->client_host,
		    .target = t->client_user, .key_type = t->key_type,
		    .fp = t->fingerprint);
	else if (IS(hostbased_fail))
		AUDIT(hostbased_fail, .host = t->client_host,
		    .target = t->client_user,
		    .key_type = t->has_key ? t->key_type : NULL,
		    .fp = t->has_key ? t->fingerprint : NULL, .reason = text);
	else if (IS(ticket_authorized)) {
		/* sshd's sentence promises a login: not for who has none. */
		if (!login->m->auth->walk.hopeless)
			AUDIT(ticket_authorized,
			    .name = auth_user_name(login->m),
			    .principal = t->principal, .source = subject);
	} else if (IS(ticket_rejected))
		AUDIT(ticket_rejected,
		    .principal = t->principal[0] != '\0' ? t->principal : NULL,
		    .reason = text);
	else
		log_info("%s: %s: %s: %s", module_name(login->m), event,
		    subject == NULL ? "" : subject, text);
#undef IS
}

const struct sallyport_host host_table = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_host),
    .problem = host_problem,
    .log = host_log,
    .text = host_text,
    .number = host_number,
    .bytes = host_bytes,
    .reason = host_reason,
    .key = host_key,
    .restrict_to = host_restrict_to,
    .user_changed = host_user_changed,
    .environment = host_environment,
    .exhausted = host_exhausted,
    .fail_delay = host_fail_delay,
    .ask = host_ask,
    .show = host_show,
    .ask_change = host_ask_change,
    .packet_send = host_packet_send,
    .packet_receive = host_packet_receive,
    .call_begin = host_call_begin,
    .call_end = host_call_end,
    .open_user_file = host_open_user_file,
    .open_file = host_open_file,
    .run = host_run,
    .audit = host_audit,
    .asks_revoked = host_asks_revoked,
    .counts_source = host_counts_source,
    .event = host_event,
    .step = host_step,
    .demand = host_demand,
    .tell_user = host_tell_user,
    .add_group = host_add_group,
    .state_read = host_state_read,
    .state_write = host_state_write,
    .tickets = &host_tickets,
    .match_user_files = host_match_user_files,
    .ask_helper = host_ask_helper,
};
