/*
 * sallyportctl show --effective: what each rule comes to, guards folded in.
 */
#ifndef DAEMON_CTL_SHOW_EFFECTIVE_H
#define DAEMON_CTL_SHOW_EFFECTIVE_H

#include "daemon/ctl/ctl.h"

/*
 * Shows the rules named in argv, or all.  defaults: also grants that nothing
 * sets.  Returns a ctl_status.
 */
int show_effective(const struct ctl *ctl, const struct config *config, int argc,
    char **argv, bool defaults);

#endif
