/*
 * Events of the catalogue that modules may emit: see doc/MODULES.md.  The key
 * of the attempt is added here.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	AUDIT(cert_accepted, .key_type = t->key_facts.type,
	    .fp = t->key_facts.fingerprint, .key_id = t->key_facts.id,
	    .serial = t->key_facts.serial, .ca_type = t->key_facts.ca_type,
	    .ca_fp = t->key_facts.ca_fingerprint, .principals = names,
	    .source = file);
}

/* In its dialogue sshd takes a refused account for a wrong answer. */
static void
tell_denied(const struct attempt *t, const char *service, const char *why)
{
	int quiet =
	    strcmp(t->method, "keyboard-interactive") == 0 ? AUDIT_AT_DEBUG : 0;

	AUDIT_QUIETLY(quiet, pam_denied, .service = service, .reason = why);
}

/* "status sentence": libpam's number goes first. */
static void
tell_result(const struct auth *a, const char *service, const char *text)
{
	AUDIT(pam_result, .service = service,
	    .phase = slot_call_text(a->last_call),
	    .status = strtoull(text, NULL, 10),
	    .reason = &text[strspn(text, "0123456789 ")],
	    .duration_ms = a->last_call_ms);
}

/* The events that modules may emit, by name: doc/MODULES.md. */
void
module_audit(struct sallyport_login *login, const char *event,
    const char *subject, char *text)
{
	struct monitor *m = login->program;
	const struct attempt *t = login->attempt;

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
		AUDIT(key_accepted, .key_type = t->key_facts.type,
		    .fp = t->key_facts.fingerprint, .bits = t->key_facts.bits,
		    .source = subject);
	else if ((IS(key_rejected) || IS(cert_rejected)) &&
	    !auth_refused_key_is_news(m))
		return;
	else if (IS(key_rejected))
		AUDIT(key_rejected, .key_type = t->key_facts.type,
		    .fp = t->key_facts.fingerprint, .bits = t->key_facts.bits,
		    .source = subject, .reason = text);
	else if (IS(cert_accepted))
		tell_certificate(t, subject, text);
	else if (IS(cert_rejected))
		AUDIT(cert_rejected, .key_type = t->key_facts.type,
		    .fp = t->key_facts.fingerprint, .key_id = t->key_facts.id,
		    .serial = t->key_facts.serial,
		    .ca_type = t->key_facts.ca_type,
		    .ca_fp = t->key_facts.ca_fingerprint, .reason = text,
		    .detail = subject);
	else if (IS(key_elsewhere))
		AUDIT(key_elsewhere, .line = text);
	else if (IS(key_refusal))
		AUDIT(key_refusal, .line = text);
	else if (IS(cert_revoked))
		AUDIT(cert_revoked, .key_type = t->key_facts.type,
		    .fp = t->key_facts.fingerprint, .key_id = t->key_facts.id,
		    .serial = t->key_facts.serial,
		    .ca_type = t->key_facts.ca_type,
		    .ca_fp = t->key_facts.ca_fingerprint, .source = subject);
	else if (IS(pam_result))
		tell_result(m->auth, subject, text);
	else if (IS(pam_denied))
		tell_denied(t, subject, text);
	else if (IS(pam_error))
		AUDIT(pam_error, .service = subject, .reason = text);
	else if (IS(hostbased_ok))
		AUDIT(hostbased_ok, .host = t->client_host,
		    .target = t->client_user, .key_type = t->key_facts.type,
		    .fp = t->key_facts.fingerprint);
	else if (IS(hostbased_fail))
		AUDIT(hostbased_fail, .host = t->client_host,
		    .target = t->client_user,
		    .key_type = t->key_facts.told ? t->key_facts.type : NULL,
		    .fp = t->key_facts.told ? t->key_facts.fingerprint : NULL,
		    .reason = text);
	else if (IS(ticket_authorized)) {
		/* sshd's sentence promises a login: not for who has none. */
		if (!m->auth->walk.hopeless)
			AUDIT(ticket_authorized, .name = auth_user_name(m),
			    .principal = t->principal, .source = subject);
	} else if (IS(ticket_rejected))
		AUDIT(ticket_rejected,
		    .principal = t->principal[0] != '\0' ? t->principal : NULL,
		    .reason = text);
	else
		log_info("%s: %s: %s: %s", login->module->settings->name, event,
		    subject == NULL ? "" : subject, text);
#undef IS
}
