/*
 * The table of packet, phase and handler, and the handlers of transport/ that
 * only this table needs.
 */
#ifndef DAEMON_WORKER_PHASES_H
#define DAEMON_WORKER_PHASES_H

#include "daemon/worker/worker.h"

/*
 * Hand the packet to its handler; its error has been answered when this
 * returns.  0 or that error.
 */
int phases_dispatch(struct worker *w, struct rd *r);

/* The handler of a number in a phase, for tests; never NULL. */
packet_handler *phases_handler(enum phase phase, uint8_t number);

/* A message that is an error where it stands. */
packet_handler phases_refuse;

packet_handler transport_disconnect; /* 1 */
packet_handler transport_ignore; /* 2, DEBUG, PONG, what is passed over */
packet_handler transport_unimplemented; /* 3 */
packet_handler transport_ext_info; /* 7 */
packet_handler transport_kexinit; /* 20 */
packet_handler transport_newkeys; /* 21 */
packet_handler transport_kex_method; /* 30 to 49 */
packet_handler transport_ping; /* 192 */
packet_handler transport_unknown; /* answers UNIMPLEMENTED */

/* Whether a key exchange at hand forbids this number now (RFC 4253, 7.1). */
bool transport_forbids(const struct worker *w, uint8_t number);

#endif
