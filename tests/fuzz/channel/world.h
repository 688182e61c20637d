/*
 * A worker with everything around it faked, for the fuzz target.
 */
#ifndef TESTS_FUZZ_CHANNEL_WORLD_H
#define TESTS_FUZZ_CHANNEL_WORLD_H

#include "daemon/worker/worker.h"

void world_begin(void);
/* False once a packet was answered with a disconnect. */
bool world_alive(void);
/*
 * step 80 to 100: a packet of the client; 1: the monitor answers the oldest
 * question with yes, 2 with no; 3: the session sends descriptors for the
 * channel of the oldest question; 4: it sends an incoming connection, 5: an
 * exit; 6: the other end of the pipes writes, 7: reads, 8: closes; 9: the
 * queue fills, 10: drains; 11: a turn of the loop.
 */
void world_step(uint8_t step, const uint8_t *data, size_t len);
void world_end(void);

#endif
