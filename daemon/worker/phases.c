/*
 * The table: every message number in every phase.  What is not named is
 * answered UNIMPLEMENTED (RFC 4253 section 11.4), or, where a number has no
 * business before the login (RFC 4252 section 6), ends the connection.
 */
#include "daemon/worker/phases.h"

#include "lib/err.h"
#include "lib/ssh/ssh2.h"

#define NUMBERS (SSH_MSG_PONG + 1)

/* In order: KEX, SERVICE, USERAUTH, OPEN; nothing is looked at in CLOSING. */
#define ROW(kex, service, userauth, open)                             \
	{                                                             \
		[PHASE_KEX] = (kex), [PHASE_SERVICE] = (service),     \
		[PHASE_USERAUTH] = (userauth), [PHASE_OPEN] = (open), \
		[PHASE_CLOSING] = transport_ignore                    \
	}
#define EVERYWHERE(handler) ROW(handler, handler, handler, handler)
/* RFC 4252 section 6: an error before the login. */
#define CHANNEL(handler) \
	ROW(phases_refuse, phases_refuse, phases_refuse, handler)
#define KEX_METHOD EVERYWHERE(transport_kex_method)
/* After the login: passed over, RFC 4252 sections 5.1 and 5.3. */
#define METHOD                                                    \
	ROW(phases_refuse, phases_refuse, userauth_method_packet, \
	    transport_ignore)

static packet_handler *const rows[NUMBERS][PHASE_COUNT] = {
    [SSH_MSG_DISCONNECT] = EVERYWHERE(transport_disconnect),
    [SSH_MSG_IGNORE] = EVERYWHERE(transport_ignore),
    [SSH_MSG_UNIMPLEMENTED] = EVERYWHERE(transport_unimplemented),
    [SSH_MSG_DEBUG] = EVERYWHERE(transport_ignore),
    [SSH_MSG_SERVICE_REQUEST] = ROW(phases_refuse, userauth_service_request,
	userauth_service_request, transport_unknown),
    [SSH_MSG_SERVICE_ACCEPT] =
	ROW(phases_refuse, phases_refuse, phases_refuse, transport_unknown),
    [SSH_MSG_EXT_INFO] = ROW(phases_refuse, transport_ext_info,
	transport_ext_info, transport_unknown),
    [SSH_MSG_KEXINIT] = EVERYWHERE(transport_kexinit),
    [SSH_MSG_NEWKEYS] = EVERYWHERE(transport_newkeys),
    [30] = KEX_METHOD,
    [31] = KEX_METHOD,
    [32] = KEX_METHOD,
    [33] = KEX_METHOD,
    [34] = KEX_METHOD,
    [35] = KEX_METHOD,
    [36] = KEX_METHOD,
    [37] = KEX_METHOD,
    [38] = KEX_METHOD,
    [39] = KEX_METHOD,
    [40] = KEX_METHOD,
    [41] = KEX_METHOD,
    [42] = KEX_METHOD,
    [43] = KEX_METHOD,
    [44] = KEX_METHOD,
    [45] = KEX_METHOD,
    [46] = KEX_METHOD,
    [47] = KEX_METHOD,
    [48] = KEX_METHOD,
    [49] = KEX_METHOD,
    [SSH_MSG_USERAUTH_REQUEST] =
	ROW(phases_refuse, phases_refuse, userauth_request, transport_ignore),
    [SSH_MSG_USERAUTH_FAILURE] = METHOD,
    [SSH_MSG_USERAUTH_SUCCESS] = METHOD,
    [SSH_MSG_USERAUTH_BANNER] = METHOD,
    [60] = METHOD,
    [61] = METHOD,
    [62] = METHOD,
    [63] = METHOD,
    [64] = METHOD,
    [65] = METHOD,
    [66] = METHOD,
    [67] = METHOD,
    [68] = METHOD,
    [69] = METHOD,
    [70] = METHOD,
    [71] = METHOD,
    [72] = METHOD,
    [73] = METHOD,
    [74] = METHOD,
    [75] = METHOD,
    [76] = METHOD,
    [77] = METHOD,
    [78] = METHOD,
    [79] = METHOD,
    [SSH_MSG_GLOBAL_REQUEST] = CHANNEL(global_request),
    [SSH_MSG_REQUEST_SUCCESS] = CHANNEL(request_success),
    [SSH_MSG_REQUEST_FAILURE] = CHANNEL(request_failure),
    [SSH_MSG_CHANNEL_OPEN] = CHANNEL(channel_open),
    [SSH_MSG_CHANNEL_OPEN_CONFIRMATION] = CHANNEL(channel_open_confirmed),
    [SSH_MSG_CHANNEL_OPEN_FAILURE] = CHANNEL(channel_open_failed),
    [SSH_MSG_CHANNEL_WINDOW_ADJUST] = CHANNEL(channel_window_adjust),
    [SSH_MSG_CHANNEL_DATA] = CHANNEL(channel_data),
    [SSH_MSG_CHANNEL_EXTENDED_DATA] = CHANNEL(channel_extended_data),
    [SSH_MSG_CHANNEL_EOF] = CHANNEL(channel_eof),
    [SSH_MSG_CHANNEL_CLOSE] = CHANNEL(channel_close),
    [SSH_MSG_CHANNEL_REQUEST] = CHANNEL(channel_request),
    [SSH_MSG_CHANNEL_SUCCESS] = CHANNEL(channel_success),
    [SSH_MSG_CHANNEL_FAILURE] = CHANNEL(channel_failure),
    /* Answered after the login only: nobody else may make us send. */
    [SSH_MSG_PING] = ROW(
	phases_refuse, transport_unknown, transport_unknown, transport_ping),
    [SSH_MSG_PONG] = ROW(
	phases_refuse, transport_unknown, transport_unknown, transport_ignore),
};

packet_handler *
phases_handler(enum phase phase, uint8_t number)
{
	if (number < NUMBERS && rows[number][phase] != NULL)
		return rows[number][phase];
	if (phase == PHASE_CLOSING)
		return transport_ignore;
	/* Before the first keys nothing unknown is legal, nor is 0. */
	if (phase == PHASE_KEX || number == 0)
		return phases_refuse;
	if (phase != PHASE_OPEN && number >= SSH_MSG_GLOBAL_REQUEST &&
	    number < 128)
		return phases_refuse;
	return transport_unknown;
}

int
phases_refuse(struct worker *w, struct rd *r)
{
	(void)w;
	(void)r;
	return E_STATE;
}

int
phases_dispatch(struct worker *w, struct rd *r)
{
	uint8_t number = rd_u8(r);
	int err = E_STATE;

	if (!transport_forbids(w, number))
		err = phases_handler(w->phase, number)(w, r);
	if (err != 0)
		worker_packet_failed(w, number, err);
	return err;
}
