/*
 * Giving up privileges for good, in the right order, and verifying it.
 * Every failure ends the process.
 */
#ifndef PRIVSEP_DROP_H
#define PRIVSEP_DROP_H

#include "privsep/roles.h"

#include <sys/types.h>

/*
 * A system account, read from /etc/passwd itself: root's processes that talk
 * to nobody load no NSS modules.  0, E_NOT_FOUND, E_SYSTEM; uid 0 is
 * E_DENIED.
 */
int drop_account(const char *name, uid_t *uid, gid_t *gid);

/*
 * Become what the row says, except its seccomp filter: chroot into empty
 * (root's, writable by nobody, empty), drop groups, gid, uid, capabilities,
 * set no_new_privs and not dumpable; then try to get back and die if that
 * works.
 */
void drop_to_role(enum role role, const char *empty, uid_t uid, gid_t gid);

/*
 * The user's identity for a session process: supplementary groups stay as
 * PAM and initgroups left them; real, effective and saved ids are set and
 * checked.
 */
void drop_to_user(uid_t uid, gid_t gid);

/* PR_SET_DUMPABLE 0 and no core; died of is better than dumped. */
void drop_dumpable(void);

/* Make the directory of ROOT_EMPTY (0755, root) if it is not there. */
int drop_make_empty(const char *path);

#endif
