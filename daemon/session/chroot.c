/*
 * Into a chroot, as root: the one path on which the user's own directories
 * must not lie, since a set-user-id program inside believes what it finds.
 */
#include "daemon/session/inside.h"

#include "lib/err.h"
#include "privsep/chroot_path.h"

#include <unistd.h>

int
chroot_enter(const char *path, char *bad, size_t size)
{
	int dir, err = chroot_path_open(path, &dir, bad, size);

	if (err != 0)
		return err;
	if (fchdir(dir) != 0 || chroot(".") != 0 || chdir("/") != 0)
		err = E_SYSTEM;
	close(dir);
	return err;
}
