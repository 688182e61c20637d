/*
 * Penalties for a firewall.
 */
#ifndef DAEMON_CTL_NFT_H
#define DAEMON_CTL_NFT_H

#include "daemon/ctl/ctl.h"

/* Print, as "nft -f" reads it, what replaces the two sets of the table `inet
 * sallyport` by the sources that the server refuses.  Returns ctl_status. */
int nft_export(const struct ctl *ctl);

#endif
