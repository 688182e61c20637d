/*
 * The round of judgements over open connections, as the master holds it:
 * judging.c.
 */
#ifndef DAEMON_MASTER_ROUND_H
#define DAEMON_MASTER_ROUND_H

#include "lib/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct connection;

struct judging_round {
	uint32_t round, cause;
	uint64_t due_at, look_at, seen; /* ms; what a look found */
	uint64_t look_began; /* ms */
	uint64_t began, judges_at; /* ms: the last over all; the last judges */
	struct loop_timer pace;
	struct loop_fd on_look;
	int look; /* what looks at files, -1 */
	bool look_failed; /* and that has been said */
	struct connection
	    *next; /* the walk goes on there; NULL: at the first */
	bool told; /* somebody was, since the walk began at the first */
};

#endif
