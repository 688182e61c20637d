/*
 * sallyportctl recordings prune: prune.c.
 */
#ifndef DAEMON_CTL_RECORDINGS_PRUNE_H
#define DAEMON_CTL_RECORDINGS_PRUNE_H

#include "daemon/ctl/recordings/options.h"

int prune_run(struct recordings_options *o);

#endif
