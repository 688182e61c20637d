/*
 * Logs the end of a connection: why it ended, in sshd's words where sshd has
 * words for it.
 */
#include "daemon/monitor/close.h"

#include "lib/audit.h"
#include "lib/loop.h"
#include "lib/ssh/ssh2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[STATE_COUNT] = {
    [STATE_KEX] = "KEX",
    [STATE_AUTH] = "AUTH",
    [STATE_ASKING] = "ASKING",
    [STATE_CHANGING] = "CHANGING",
    [STATE_OPENING] = "OPENING",
    [STATE_OPEN] = "OPEN",
    [STATE_CLOSING] = "CLOSING",
};

const char *
close_state_name(unsigned state)
{
	return state < STATE_COUNT ? states[state] : "?";
}

/* A bad identification string of the client; two of the lines are sshd's. */
static void
audit_ident(const char *why)
{
	static const char junk[] = "banner exchange: invalid format";
	static const char *const known[] = {
	    "banner line too long", "banner line contains invalid characters"};
	char text[128];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(why, known[i]) == 0) {
			snprintf(text, sizeof(text),
			    "kex_exchange_identification: %s", known[i]);
			AUDIT(conn_ident_error, .reason = text);
			AUDIT(conn_ident_bad, .reason = "invalid format");
			return;
		}
	if (strncmp(why, junk, sizeof(junk) - 1) != 0) {
		AUDIT(conn_ident_error,
		    .reason = "Protocol major versions differ: 2 vs. 1");
		AUDIT(conn_ident_bad,
		    .reason = "could not read protocol version");
		return;
	}
	why += sizeof(junk) - 1;
	AUDIT(conn_ident_error, .reason = "invalid format",
	    .client = strncmp(why, ": ", 2) == 0 ? &why[2] : why);
	AUDIT(conn_ident_bad, .reason = "invalid format");
}

/* It went before it had said who it is: a port scan, a health check. */
static void
audit_silent(const char *how)
{
	AUDIT(conn_ident_error,
	    .reason = strcmp(how, "reset") == 0 ?
		"kex_exchange_identification: read: Connection reset by peer" :
		"kex_exchange_identification: Connection closed by remote "
		"host");
}

void
close_audit_timeout(const struct monitor *m)
{
	const struct grants *g;

	if (m->decision == NULL || !m->bye.said)
		return;
	g = &m->decision->grants;
	if (m->bye.cause == BYE_IDLE)
		AUDIT(idle_close, .seconds = g->idle_timeout);
	else if (m->bye.cause == BYE_UNUSED)
		AUDIT(unused_close, .seconds = g->unused_timeout);
	else if (m->bye.cause == BYE_SILENT)
		AUDIT(silent_close, .count = g->keepalive_count);
}

/* A message out of turn in the first key exchange: sshd just leaves. */
static bool
breaks_strict_kex(const struct monitor *m)
{
	return m->state == STATE_KEX &&
	    strstr(m->bye.text, " is not expected here") != NULL;
}

static bool
is_told_as_end(const struct monitor *m)
{
	return m->bye.reason == SSH_DISCONNECT_SERVICE_NOT_AVAILABLE ||
	    breaks_strict_kex(m);
}

/* sshd says it twice, and of what it has not read as of what is damaged. */
static void
audit_length(const struct monitor *m)
{
	AUDIT(packet_length, .reason = m->bye.text);
	AUDIT(protocol_violation,
	    .reason = m->bye.reason == SSH_DISCONNECT_MAC_ERROR ?
		"Connection corrupted" :
		"message authentication code incorrect",
	    .phase = close_state_name(m->state));
}

/* Protocol errors that have audit events of their own. */
static void
audit_fault(const struct monitor *m)
{
	const char *why = m->bye.text;

	if (!m->bye.said || m->bye.cause != BYE_PROTOCOL_ERROR)
		return;
	if (m->bye.reason == SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED)
		audit_ident(why);
	else if (strncmp(why, "Bad packet length ", 18) == 0)
		audit_length(m);
	else if (m->bye.reason == SSH_DISCONNECT_MAC_ERROR)
		AUDIT(mac_fail, .reason = why);
	else
		AUDIT_QUIETLY(is_told_as_end(m), protocol_violation,
		    .reason = why, .phase = close_state_name(m->state));
}

/* An end that has had a sentence of its own is not told twice. */
static int
quiet_end(const char *how, const char *cause, enum close_account account)
{
	if (account == CLOSE_ACCOUNT_TOLD)
		return AUDIT_AT_DEBUG;
	return (strcmp(how, "failed") == 0 && cause != NULL) ||
	    strcmp(how, "timeout") == 0 || strcmp(how, "killed") == 0;
}

/* The classic line of how a connection ended. */
void
close_audit(struct monitor *m, enum close_account account)
{
	const char *how = "closed", *cause = NULL;
	int quiet;

	if (!m->bye.said) {
		how = m->closing_cause[0] != '\0' ? "disconnecting" : "killed";
		cause = m->closing_cause[0] != '\0' ? m->closing_cause :
						      "worker has gone";
	} else if (m->bye.cause == BYE_PEER_DISCONNECTED) {
		AUDIT(conn_disconnect, .code = m->bye.reason,
		    .text = m->bye.text,
		    .kind = m->bye.reason == SSH_DISCONNECT_BY_APPLICATION ?
			"normal" :
			"error");
		how = "disconnected";
	} else if (m->bye.cause == BYE_PEER_CLOSED) {
		how = "closed";
	} else if (m->bye.cause == BYE_PEER_RESET) {
		how = "reset";
	} else if (m->bye.cause == BYE_FAILED) {
		how = "killed";
		cause = m->bye.text;
	} else if (m->bye.cause == BYE_TIMEOUT || m->bye.cause == BYE_IDLE ||
	    m->bye.cause == BYE_UNUSED || m->bye.cause == BYE_SILENT) {
		how = "timeout";
		cause = m->bye.text;
	} else if (m->bye.cause == BYE_PROTOCOL_ERROR && is_told_as_end(m)) {
		how = breaks_strict_kex(m) ? "failed" : "disconnecting";
		cause = breaks_strict_kex(m) ? NULL : m->bye.text;
	} else if (m->bye.cause == BYE_PROTOCOL_ERROR ||
	    m->bye.cause == BYE_NEGOTIATION_FAILED) {
		how = "failed";
		cause = m->bye.text;
	} else if (m->bye.cause != BYE_FINISHED) {
		how = "disconnecting";
		/* For the log the monitor may have had more to say. */
		cause = m->bye.cause == BYE_ORDERED && m->closing_cause[0] ?
		    m->closing_cause :
		    m->bye.text;
	}
	audit_fault(m);
	if (m->client_version.data == NULL &&
	    (m->bye.cause == BYE_PEER_CLOSED || m->bye.cause == BYE_PEER_RESET))
		audit_silent(how);
	if (m->slot->since == 0 && m->user[0] != '\0')
		AUDIT(auth_abandoned, .how = how);
	if (account == CLOSE_ACCOUNT_ASKED_ON)
		how = "closed";
	quiet = quiet_end(how, cause, account);
	AUDIT_QUIETLY(quiet, conn_close, .how = how, .cause = cause,
	    .bytes_in = m->bye.bytes_in, .bytes_out = m->bye.bytes_out,
	    .duration_ms = loop_clock() - m->began,
	    .client = (const char *)m->client_version.data);
}
