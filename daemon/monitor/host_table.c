/*
 * The monitor's own part of the functions that modules call: the client, the
 * log, deadlines, and what the login's other files do.
 */
#include "daemon/monitor/auth.h"
#include "daemon/monitor/selftest.h"

#include <stdio.h>

static const char *
text(struct sallyport_login *login, enum sallyport_text which)
{
	static char version[256];
	struct monitor *m = login->program;
	const struct auth *a = m->auth;

	switch (which) {
	case SALLYPORT_TTY:
		return a->tty;
	case SALLYPORT_COMPLETED:
		return auth_exposed(m);
	case SALLYPORT_CLIENT_VERSION:
		snprintf(version, sizeof(version), "%.*s",
		    (int)m->client_version.len,
		    (const char *)m->client_version.data);
		return version;
	case SALLYPORT_GROUPS:
		return auth_group_text(m);
	case SALLYPORT_TICKET_CACHE:
		return a->delegated.cache;
	default:
		return NULL;
	}
}

static int64_t
number(struct sallyport_login *login, enum sallyport_number which)
{
	const struct monitor *m = login->program;

	return which == SALLYPORT_SOURCE_PORT ? m->source_port :
	    which == SALLYPORT_LOCAL_PORT     ? m->local_port :
						0;
}

static struct bytes
bytes(struct sallyport_login *login, enum sallyport_bytes which)
{
	struct monitor *m = login->program;

	switch (which) {
	case SALLYPORT_SESSION_ID:
		return (struct bytes){m->session_id, m->session_id_len};
	case SALLYPORT_HOST_KEY:
		return auth_host_key(m);
	case SALLYPORT_SELFTEST_KEY:
		return selftest_key(m);
	default:
		return (struct bytes){NULL, 0};
	}
}

static void
call_begin(
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
	struct monitor *m = login->program;
	char text[sizeof(m->auth->call_detail)];

	if ((size_t)call < sizeof(calls) / sizeof(calls[0]) &&
	    call != SALLYPORT_CALL_MODULE) {
		auth_call(m, calls[call], detail);
		return;
	}
	/* The module's own: the log names it, its function and the detail. */
	snprintf(text, sizeof(text), "%s%s%s", login->module->settings->name,
	    detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
	auth_call(m, auth_stage_call(login->stage), text);
}

/* Back to the module's own call: nothing a module does is without one. */
static void
call_end(struct sallyport_login *login)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;

	a->last_call = a->call;
	a->last_call_ms = (auth_clock() - a->call_began) / 1000;
	auth_call(
	    m, auth_stage_call(login->stage), login->module->settings->name);
}

const struct host_calls host_calls = {
    .log = module_log,
    .audit = module_audit,
    .event = module_event,
    .text = text,
    .number = number,
    .bytes = bytes,
    .restrict_to = claim_restriction,
    .user_changed = claim_user_changed,
    .environment = claim_environment,
    .exhausted = claim_exhausted,
    .fail_delay = claim_fail_delay,
    .ask = ask_round,
    .show = ask_show,
    .ask_change = ask_change,
    .packet_send = ask_packet_send,
    .packet_receive = ask_packet_receive,
    .call_begin = call_begin,
    .call_end = call_end,
    .step = auth_step,
    .demand = auth_demand,
    .tell_user = claim_text,
    .add_group = claim_group,
    .state_read = state_read,
    .state_write = state_write,
    .ask_helper = helper_ask,
    .ticket_accept = ticket_accept,
    .ticket_verify = ticket_verify,
    .ticket_verify_exchange = ticket_verify_exchange,
};
