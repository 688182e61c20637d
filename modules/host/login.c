/*
 * In which of a module's functions each function of the host works: one row
 * each.  Elsewhere it does nothing, returns SALLYPORT_STATE if it can return
 * anything, and is told to the log once per connection.  The functions
 * without a row (text, number, bytes, log, reason, audit, call_begin,
 * call_end, open_user_file, open_file, run, asks_revoked) work in all.
 */
#include "modules/host/login.h"

#include "lib/log.h"

#include <stdio.h>

#define AT(stage)  (1u << STAGE_##stage)
#define IN_REQUEST (AT(AUTHENTICATE) | AT(ACCOUNT) | AT(CHANGE))

static const struct {
	const char *name;
	unsigned stages;
} rows[HOST_FUNCTION_COUNT] = {
    [HOST_KEY] = {"key", AT(AUTHENTICATE)},
    /* The terminal and the channels are there before open_session(). */
    [HOST_RESTRICT_TO] = {"restrict_to", AT(AUTHENTICATE) | AT(ACCOUNT)},
    [HOST_USER_CHANGED] = {"user_changed", IN_REQUEST | AT(OPEN)},
    [HOST_ENVIRONMENT] = {"environment", IN_REQUEST | AT(OPEN)},
    [HOST_EXHAUSTED] = {"exhausted", IN_REQUEST},
    [HOST_FAIL_DELAY] = {"fail_delay", IN_REQUEST},
    [HOST_ASK] = {"ask", IN_REQUEST},
    [HOST_SHOW] = {"show", IN_REQUEST | AT(OPEN)},
    [HOST_ASK_CHANGE] = {"ask_change", AT(CHANGE)},
    [HOST_PACKET_SEND] = {"packet_send", AT(AUTHENTICATE) | AT(ACCOUNT)},
    [HOST_DEMAND] = {"demand", AT(AUTHENTICATE) | AT(ACCOUNT)},
    /* Not before the proof: it would tell guessers. */
    [HOST_TELL_USER] = {"tell_user", AT(ACCOUNT) | AT(CHANGE) | AT(OPEN)},
    [HOST_ADD_GROUP] = {"add_group", AT(OPEN)},
    [HOST_PACKET_RECEIVE] = {"packet_receive", AT(AUTHENTICATE) | AT(ACCOUNT)},
    [HOST_TICKET_ACCEPT] = {"ticket_accept", AT(AUTHENTICATE)},
    [HOST_TICKET_VERIFY] = {"ticket_verify", AT(AUTHENTICATE)},
    [HOST_TICKET_EXCHANGE] = {"ticket_verify_exchange", AT(AUTHENTICATE)},
    /* begin() has no verdict that an outage could change. */
    [HOST_ASK_HELPER] = {"ask_helper", IN_REQUEST | AT(OPEN) | AT(CLOSE)},
};

static const char *const stages[STAGE_COUNT] = {
    [STAGE_NONE] = "no call",
    [STAGE_BEGIN] = "begin()",
    [STAGE_AUTHENTICATE] = "authenticate()",
    [STAGE_ACCOUNT] = "account()",
    [STAGE_CHANGE] = "change_password()",
    [STAGE_OPEN] = "open_session()",
    [STAGE_CLOSE] = "close_session()",
    [STAGE_END] = "end()",
};

const char *
host_stage_name(enum host_stage stage)
{
	return stages[stage];
}

bool
host_allows(struct sallyport_login *login, enum host_function function)
{
	if (rows[function].stages & 1u << login->stage)
		return true;
	if (!(login->misplaced & 1u << function))
		log_error("module %s: %s() does not work in %s",
		    login->module->settings->name, rows[function].name,
		    stages[login->stage]);
	login->misplaced |= 1u << function;
	return false;
}

enum sallyport_verdict
host_verdict(struct sallyport_login *login, const char *name, int verdict)
{
	struct attempt *a = login->attempt;
	bool unkept = login->unkept;

	login->unkept = false;
	if (unkept &&
	    (verdict == SALLYPORT_ALLOW || verdict == SALLYPORT_IGNORE)) {
		log_error(
		    "module %s goes on with what it could not restrict", name);
		snprintf(a->reason, sizeof(a->reason),
		    "a restriction of module %s cannot be kept", name);
		return SALLYPORT_DENY;
	}
	switch (verdict) {
	case SALLYPORT_DENY:
	case SALLYPORT_IGNORE:
	case SALLYPORT_UNAVAILABLE:
	case SALLYPORT_LOCKED:
	case SALLYPORT_EXPIRED:
	case SALLYPORT_ALLOW:
		return (enum sallyport_verdict)verdict;
	default:
		log_error("module %s returned %d, which is no verdict", name,
		    verdict);
		snprintf(a->reason, sizeof(a->reason),
		    "module %s returned no verdict", name);
		return SALLYPORT_DENY;
	}
}
