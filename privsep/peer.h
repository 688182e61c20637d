/*
 * A peer: the process at the other end of a wall, as its reader sees it.  All
 * processes receive by peer_read().  The handlers of a path come from the
 * table in privsep/messages.h, so that a message without one does not link:
 *
 *	#define PEER_CONTEXT struct keyholder
 *	WALL_MASTER_KEYHOLDER(PEER_DECLARE)
 *	PEER_HANDLE(MASTER_KEYHOLDER)
 *	static const struct peer master = {.handle = peer_MASTER_KEYHOLDER};
 *
 * The second line declares on_attend() and the others of the path, the third
 * makes the function that calls them.
 */
#ifndef PRIVSEP_PEER_H
#define PRIVSEP_PEER_H

#include "lib/err.h"
#include "privsep/wall.h"

#define PEER_DECLARE(name, states, budget, fds, answers) \
	int on_##name(PEER_CONTEXT *, struct wall_message *);
/* For a path whose handlers all stand in one file. */
#define PEER_DECLARE_STATIC(name, states, budget, fds, answers) \
	static int on_##name(PEER_CONTEXT *, struct wall_message *);

/* A test that counts calls of handlers defines this before. */
#ifndef PEER_REACHED
#define PEER_REACHED(type)
#endif
#define PEER_CASE(name, states, budget, fds, answers) \
	case MSG_##name:                              \
		PEER_REACHED(MSG_##name)              \
		return on_##name(context, m);
#define PEER_HANDLE(path)                                                \
	static int peer_##path(void *arg, struct wall_message *m)        \
	{                                                                \
		PEER_CONTEXT *context = arg;                             \
                                                                         \
		switch (m->type) {                                       \
			WALL_##path(PEER_CASE) default : return E_STATE; \
		}                                                        \
	}

/*
 * Handles one message, or judges it: 0, or what is wrong.  Descriptors that a
 * handler keeps are set to -1 in the message, which lives until it returns.
 */
typedef int peer_handler(void *context, struct wall_message *m);

struct peer {
	peer_handler *handle; /* made by PEER_HANDLE() */
	/* May be NULL: is a message legal now, beyond what its path and its
	 * budget say?  E_AGAIN drops it without a fault. */
	peer_handler *judge;
	/* May be NULL: the peer broke a rule.  MSG_nothing: with bytes that are
	 * no message. */
	void (*broke)(void *context, enum wall_type type, int err);
	/* Messages in one turn of the loop; 0 is 1. */
	unsigned turn;
	/* May be NULL: asked before each message whether to go on with the
	 * turn.  last: the message before, or MSG_nothing. */
	bool (*more)(void *context, enum wall_type last);
};

/*
 * The receive loop: a turn of messages, each judged and handled.  0; E_AGAIN:
 * nothing more is there; E_CLOSED; else a violation, or a handler's error.
 */
int peer_read(const struct peer *p, struct wall *w, void *context);

/* Its halves: receive and judge; handle, and be done with the message. */
int peer_take(const struct peer *p, struct wall *w, void *context,
    struct wall_message *m);
int peer_handle(const struct peer *p, struct wall *w, void *context,
    struct wall_message *m);

/* From here on the message is the caller's, who calls wall_done(to). */
void peer_keep(struct wall_message *to, struct wall_message *from);

/*
 * Wait for the answer to a question that has been sent, as the table names it:
 * ms at most, or for ever with -1.  0 with a message for wall_done();
 * E_TIMEOUT; E_CLOSED; E_FORMAT.
 */
int peer_answer(struct wall *w, enum wall_type question, int ms,
    struct wall_message *answer);

/*
 * Hand the end of a wall in through a door (MONITORS_DOOR) that other
 * processes hold, too.  What it does not take in ms is not kept: E_TIMEOUT.
 */
int peer_consult(int door, int end, int ms);

#endif
