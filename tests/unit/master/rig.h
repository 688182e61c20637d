/*
 * A master with one generation, whose templates are the other ends of its
 * walls.
 */
#ifndef TESTS_UNIT_MASTER_RIG_H
#define TESTS_UNIT_MASTER_RIG_H

#include "daemon/master/master.h"

struct master_rig {
	struct master m;
	struct generation *g;
	int keyholder, monitors, workers; /* the templates' ends */
};

extern struct master_rig rig;

void rig_start(void);
void rig_stop(void);
/* A connection in the lobby, from the address, accepted so many ms ago. */
struct connection *rig_connection(const char *source, uint64_t ms);

#endif
