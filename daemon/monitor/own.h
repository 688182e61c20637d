/*
 * The monitor's own limits, umask, signals and timers, and its directory,
 * which is the root: a module may change them while it is called.
 */
#ifndef DAEMON_MONITOR_OWN_H
#define DAEMON_MONITOR_OWN_H

#include <sys/resource.h>
#include <sys/types.h>

struct own {
	struct rlimit limits[RLIM_NLIMITS];
	mode_t mask;
};

void own_save(struct own *o);
/* Back to what they were; o stays as it is. */
void own_restore(const struct own *o);

#endif
