/*
 * The administrators' socket.
 */
#include "daemon/master/master.h"

void
control_open(struct master *m, const struct config *config)
{
	(void)m;
	(void)config;
}

void
control_close(struct master *m)
{
	(void)m;
}
