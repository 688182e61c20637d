/*
 * The lobby: connections that have said nothing yet, without processes.
 */
#ifndef DAEMON_MASTER_LOBBY_H
#define DAEMON_MASTER_LOBBY_H

#include "daemon/master/master.h"

/* Takes the descriptor.  The connection may be gone afterwards. */
void lobby_enter(struct connection *c, int fd, const char *listener);
void lobby_end(struct connection *c, const char *how, const char *cause);
/* Its source is known: it is greeted.  It may be gone afterwards. */
void lobby_known(struct connection *c);
/* Out of the lobby without a word: its socket, which is the caller's. */
int lobby_take(struct connection *c);
/* Once a second; may end it. */
void lobby_watch(struct connection *c, uint64_t now);
/*
 * Everybody is handed over, as this image of the master (next: NULL), or the
 * generation that serves, ends: at once where the templates have room, else
 * when they have; their generation keeps its templates until then.  What has
 * lost its templates goes to the next generation, if that has greeted with the
 * same words.  True: nobody is left.
 */
bool lobby_empty(struct master *m, struct generation *next);
/* All that are left are sent away, and not penalised. */
void lobby_close(struct master *m);

#endif
