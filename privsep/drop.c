/*
 * The order: directory, groups, gid, uid, capabilities, no_new_privs; then
 * the attempts to undo each.  Used by each start function.
 */
#include "privsep/drop.h"

#include "lib/err.h"
#include "privsep/die.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
drop_account(const char *name, uid_t *uid, gid_t *gid)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw;
	int err = E_NOT_FOUND;

	if (f == NULL)
		return E_SYSTEM;
	while ((pw = fgetpwent(f)) != NULL) {
		if (strcmp(pw->pw_name, name) != 0)
			continue;
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
		err = pw->pw_uid == 0 || pw->pw_gid == 0 ? E_DENIED : 0;
		break;
	}
	fclose(f);
	return err;
}

void
drop_dumpable(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		die_errno("PR_SET_DUMPABLE");
}

int
drop_make_empty(const char *path)
{
	char part[4096];
	mode_t mask = umask(022);
	int result = 0;

	/* Each directory on the way, as mkdir -p; root's, so 0755 is safe. */
	for (size_t i = 1; result == 0 && i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		if (i >= sizeof(part)) {
			result = E_TOO_LARGE;
			break;
		}
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			result = E_SYSTEM;
	}
	umask(mask);
	return result;
}

/* The worker's whole file system: nothing may be in it, nor come into it. */
static void
enter_empty(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0 || fstat(fd, &st) != 0)
		die_errno("%s", path);
	if (st.st_uid != 0 || (st.st_mode & 022) != 0)
		die("%s: must be root's and writable by nobody else", path);
	if (fchdir(fd) != 0 || chroot(".") != 0 || chdir("/") != 0)
		die_errno("chroot %s", path);
	if ((dir = fdopendir(fd)) == NULL)
		die_errno("%s", path);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			die("%s: must be empty, has %s", path, entry->d_name);
	closedir(dir);
}

/* Not libcap: five lines do not need a library in a privileged process. */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
			die_errno("PR_CAPBSET_DROP %d", cap);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		die_errno("PR_CAP_AMBIENT_CLEAR_ALL");
	memset(data, 0, sizeof(data));
	if (syscall(SYS_capset, &header, data) != 0)
		die_errno("capset");
	memset(data, 0xff, sizeof(data));
	if (syscall(SYS_capget, &header, data) != 0)
		die_errno("capget");
	if (data[0].permitted != 0 || data[1].permitted != 0 ||
	    data[0].effective != 0 || data[1].effective != 0 ||
	    data[0].inheritable != 0 || data[1].inheritable != 0)
		die("capabilities are left after dropping all");
}

/*
 * Each change of the effective user makes the memory dumpable where
 * fs.suid_dumpable is 1.  Until that is taken back the saved user stays
 * root's: a process that is partly root can be traced by root alone.
 */
static void
set_uid(uid_t uid)
{
	drop_dumpable();
	if (geteuid() == 0) {
		if (setresuid(uid, uid, 0) != 0)
			die_errno("setresuid %u", (unsigned)uid);
		drop_dumpable();
	}
	if (setresuid(uid, uid, uid) != 0)
		die_errno("setresuid %u", (unsigned)uid);
}

static void
verify_ids(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) != 0 || getresgid(&rg, &eg, &sg) != 0)
		die_errno("getresuid");
	if (r != uid || e != uid || s != uid || rg != gid || eg != gid ||
	    sg != gid)
		die("ids are not what was asked for");
	if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		die("root could be regained");
	if (gid != 0 && uid != 0 && (setgid(0) == 0 || setegid(0) == 0))
		die("group root could be regained");
}

void
drop_to_role(enum role role, const char *empty, uid_t uid, gid_t gid)
{
	const struct role_row *row = role_row(role);

	if (row->root == ROOT_EMPTY)
		enter_empty(empty);
	if (row->no_groups && setgroups(0, NULL) != 0)
		die_errno("setgroups");
	if (row->user != AS_ROOT) {
		if (uid == 0 || gid == 0)
			bug("%s would run as root", row->name);
		if (setresgid(gid, gid, gid) != 0)
			die_errno("setresgid");
		/* The bounding set needs CAP_SETPCAP: before the uid goes. */
		if (!row->capabilities)
			for (int cap = 0;
			     prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
				if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
					die_errno("PR_CAPBSET_DROP %d", cap);
		set_uid(uid);
		verify_ids(uid, gid);
		if (row->no_groups && getgroups(0, NULL) != 0)
			die("supplementary groups are left");
	}
	if (!row->capabilities)
		drop_capabilities();
	if (row->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		die_errno("PR_SET_NO_NEW_PRIVS");
	if (!row->dumpable)
		drop_dumpable();
}

void
drop_to_user(uid_t uid, gid_t gid)
{
	if (setresgid(gid, gid, gid) != 0)
		die_errno("setresgid %u", (unsigned)gid);
	set_uid(uid);
	verify_ids(uid, gid);
}
