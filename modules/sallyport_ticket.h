/*
 * Questions of an authentication module to the ticketholder, the process that
 * has the machine's Kerberos keys: host->tickets of <sallyport_module.h>.
 */
#ifndef SALLYPORT_TICKET_H
#define SALLYPORT_TICKET_H

#include <stddef.h>
#include <stdint.h>

struct sallyport_login;

/* A context after a token; what it points to lives until the next question. */
struct sallyport_ticket {
	uint32_t size;
	int complete; /* 0: the client has another token to send */
	const uint8_t *token; /* for the client; none if token_len is 0 */
	size_t token_len;
	/* of a complete one, else "" */
	const char *principal; /* "user@REALM" */
	const char *local; /* what auth_to_local makes of it, or "" */
};

struct sallyport_tickets {
	uint32_t size;

	/*
	 * In authenticate(): a token of the client's; the first of a call
	 * begins a context.  SALLYPORT_REFUSED: the token is wrong, and there
	 * may be an error token; SALLYPORT_SYSTEM: no ticketholder answers;
	 * SALLYPORT_STATE: the server has none.  reason() is given then.
	 */
	int (*accept)(struct sallyport_login *login, const void *token,
	    size_t len, struct sallyport_ticket *ticket);

	/*
	 * Has the context's client made mic over these bytes?  Then its
	 * principal is the login's, for the policy: SALLYPORT_REFUSED also if
	 * that does not let it enter.
	 */
	int (*verify)(struct sallyport_login *login, const void *data,
	    size_t len, const void *mic, size_t mic_len);

	/*
	 * The same of the context that the connection's first key exchange has
	 * made (RFC 4462 section 4), once in a connection: *ticket is filled
	 * with it, and complete.  SALLYPORT_STATE if that exchange was none of
	 * GSS-API.
	 */
	int (*verify_exchange)(struct sallyport_login *login, const void *data,
	    size_t len, const void *mic, size_t mic_len,
	    struct sallyport_ticket *ticket);
};

#endif
