/*
 * Into a chroot, as root: the one path on which the user's own directories
 * must not lie, since a set-user-id program inside believes what it finds.
 */
#include "daemon/session/inside.h"

#include "lib/err.h"
#include "privsep/chroot_path.h"

#include <sys/syscall.h>

#include <fcntl.h>
#include <unistd.h>

#define TREE_CLONE 1 /* OPEN_TREE_CLONE of <linux/mount.h>, newer than some */

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

int
chroot_hold_links(void)
{
	return (int)syscall(
	    SYS_open_tree, AT_FDCWD, "/proc/self/fd", TREE_CLONE | O_CLOEXEC);
}
