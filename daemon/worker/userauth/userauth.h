/*
 * The framing of user authentication: which request is with the monitor, and
 * what the client may send meanwhile.
 */
#ifndef DAEMON_WORKER_USERAUTH_USERAUTH_H
#define DAEMON_WORKER_USERAUTH_USERAUTH_H

#include "daemon/worker/worker.h"

enum userauth_state {
	USERAUTH_IDLE, /* a request may come */
	USERAUTH_PENDING, /* one is with the monitor; nothing is read */
	USERAUTH_ASKING, /* INFO_REQUEST is out: answers, or a new request */
	USERAUTH_CHANGING, /* PASSWD_CHANGEREQ is out: a new request */
	USERAUTH_METHOD /* a module's own packets go both ways */
};

struct userauth {
	enum userauth_state state;
	bool service; /* ssh-userauth was accepted */
	unsigned packets; /* of a module's method, in this connection */
};

/*
 * Parse the rest of a request, behind its method's name, and send it to the
 * monitor.  0, or why it is malformed.
 */
int method_parse(struct worker *w, struct rd *r, struct bytes user,
    struct bytes service, struct bytes method);

#endif
