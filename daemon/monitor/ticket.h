/*
 * ticket.c: a Kerberos context at the ticketholder, on a wall of its own.
 */
#ifndef DAEMON_MONITOR_TICKET_H
#define DAEMON_MONITOR_TICKET_H

#include "privsep/wall.h"

/* The context of one try, or of one key exchange. */
struct ticket_context {
	struct wall wall; /* fd -1: none was begun */
	bool failed; /* nothing more is asked of it */
};

void ticket_init(struct ticket_context *t);
/* Its end; harmless without a beginning, and twice. */
void ticket_end(struct ticket_context *t);

/*
 * One question and its answer, which is the caller's to wall_done() on
 * t->wall.  door: the template's; the first question opens the context
 * through it.  0; E_STATE without a ticketholder or after a failure; else the
 * ticketholder does not answer, which is logged.  All but 0 end the context
 * for good.
 */
int ticket_ask(struct ticket_context *t, int door,
    const struct wall_message *question, struct wall_message *answer);

/* The context of an exchange that has succeeded. */
struct gss_exchange {
	struct ticket_context ticket;
	char principal[WALL_TEXT_MAX + 1]; /* not proven before gssapi-keyex */
	char
	    local[SSH_USER_MAX + 1]; /* what auth_to_local makes of it, or "" */
	bool delegated; /* the client has delegated tickets */
	bool used; /* its MIC has been judged */
};

struct gss_exchange *gss_exchange_new(void);
/* Its context ends; NULL is nothing. */
void gss_exchange_free(struct gss_exchange *x);

#endif
