/*
 * The messages of the ticketholder.  Part of messages.h.
 *
 * A monitor that has a Kerberos token to be judged hands it the end of a wall
 * of its own, over the door that all monitors of a generation share: one
 * context, one try, or one key exchange.
 */
#ifndef PRIVSEP_MESSAGES_TICKETS_H
#define PRIVSEP_MESSAGES_TICKETS_H

/* clang-format off */
#define WALL_MONITORS_DOOR(MSG) MSG(consult, ANY_STATE, 0, 1, no)
#define WALL_consult(F)

#define WALL_MONITOR_TICKETS(MSG)                          \
	MSG(ticket_token, ANY_STATE, 16, 0, ticket_answer) \
	MSG(ticket_sign, ANY_STATE, 1, 0, ticket_signed)   \
	MSG(ticket_mic, ANY_STATE, 1, 0, ticket_checked)   \
	MSG(ticket_take, ANY_STATE, 1, 0, ticket_delegated)
/* A token of the client's; what a MIC was made over, and the MIC. */
#define WALL_ticket_token(F) F(bytes, token, WALL_TOKEN_MAX)
#define WALL_ticket_mic(F) F(bytes, data, WALL_TEXT_MAX) F(bytes, mic, WALL_TEXT_MAX)
/* A MIC of ours over an exchange hash, in a context of both sides' proof. */
#define WALL_ticket_sign(F) F(bytes, hash, 64)
/*
 * The tickets that the client has delegated, once its MIC was right.  rekey:
 * the context is of a later key exchange, in which a client makes none; ours
 * over its hash takes the place.
 */
#define WALL_ticket_take(F) F(flag, rekey, 1)

#define WALL_TICKETS_MONITOR(MSG)             \
	MSG(ticket_answer, ANY_STATE, 0, 0, no) \
	MSG(ticket_signed, ANY_STATE, 0, 0, no) \
	MSG(ticket_checked, ANY_STATE, 0, 0, no) \
	MSG(ticket_delegated, ANY_STATE, 0, 0, no)
/*
 * A token for the client; of a complete context who
 * it is, the account that auth_to_local makes of that, or "", and whether the
 * client has delegated tickets.  text: libkrb5's words.
 */
#define WALL_ticket_answer(F)                                     \
	F(choice, state, TICKET_STATE_COUNT) F(bytes, token, WALL_TOKEN_MAX)           \
	F(text, principal, WALL_TEXT_MAX) F(text, local, SSH_USER_MAX) \
	F(flag, delegated, 1) F(text, text, WALL_TEXT_MAX)
#define WALL_ticket_checked(F) F(flag, good, 1) F(text, text, WALL_TEXT_MAX)
/* Empty: text says why. */
#define WALL_ticket_signed(F) \
	F(bytes, mic, WALL_TEXT_MAX) F(text, text, WALL_TEXT_MAX)

/*
 * Strings of RFC 4251: the principal, then each of the tickets as
 * krb5_marshal_credentials() has them.  Empty: text says why.
 */
#define WALL_ticket_delegated(F) \
	F(bytes, tickets, WALL_DELEGATED_MAX) F(text, text, WALL_TEXT_MAX)

#define WALL_MASTER_TICKETS(MSG) \
	MSG(tickets_begin, ANY_STATE, 1, 0, tickets_ready) \
	MSG(tickets_retire, ANY_STATE, 1, 0, no)
/* strict: only keys of host/ and this machine's name. */
#define WALL_tickets_begin(F) F(text, keytab, 4096) F(flag, strict, 1)
/* The door is another's: end with the contexts that are open. */
#define WALL_tickets_retire(F)

#define WALL_TICKETS_MASTER(MSG)                \
	MSG(tickets_ready, ANY_STATE, 1, 0, no) \
	MSG(tickets_failed, ANY_STATE, 1, 0, no) \
	MSG(tickets_stale, ANY_STATE, 0, 0, no) \
	MSG(tickets_log, ANY_STATE, 0, 0, no)
/* Keys that were read and count. */
#define WALL_tickets_ready(F) F(u32, keys, U32)
#define WALL_tickets_failed(F) F(text, text, WALL_TEXT_MAX)
/* The keytab is another one: a new ticketholder is to read it. */
#define WALL_tickets_stale(F)
#define WALL_tickets_log(F) F(choice, level, LOG_LEVEL_COUNT) F(text, line, WALL_TEXT_MAX)

#define WALL_TICKETS_PATHS(PATH) \
	PATH(MONITORS_DOOR) PATH(MONITOR_TICKETS) PATH(TICKETS_MONITOR) \
	PATH(MASTER_TICKETS) PATH(TICKETS_MASTER)
#define WALL_TICKETS_MESSAGES(MSG)                         \
	WALL_MONITORS_DOOR(MSG) WALL_MONITOR_TICKETS(MSG)  \
	WALL_TICKETS_MONITOR(MSG) WALL_MASTER_TICKETS(MSG) \
	WALL_TICKETS_MASTER(MSG)
/* clang-format on */

#endif
