/*
 * The path of a chroot: who may have made what lies on it, judged component by
 * component.  For the session, which enters it, and for sallyportctl explain,
 * which tells whether a session could.
 */
#ifndef PRIVSEP_CHROOT_PATH_H
#define PRIVSEP_CHROOT_PATH_H

#include <stddef.h>

/*
 * Open the directory (O_PATH) when every directory and symbolic link on the
 * way is root's and no one else can write to it.  0 and *dir is the caller's;
 * else E_SYSTEM (errno), E_FORMAT (not absolute, not a directory),
 * E_PERMISSIONS, E_TOO_LARGE or E_LIMIT (too many links), and bad[] has the
 * component that was refused.
 */
int chroot_path_open(const char *path, int *dir, char *bad, size_t size);

#endif
