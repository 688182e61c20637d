/*
 * sallyportctl show --effective: what each rule comes to, guards folded in.
 */
#ifndef DAEMON_CTL_SHOW_EFFECTIVE_H
#define DAEMON_CTL_SHOW_EFFECTIVE_H

#include "daemon/ctl/ctl.h"

/*
 * Of these rules, or of all.  defaults: also what nobody set.  A ctl_status.
 */
int show_effective(const struct ctl *ctl, const struct config *config, int argc,
    char **argv, bool defaults);

#endif
