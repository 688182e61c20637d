/*
 * Common to all unit test programs.  The scratch folder belongs to the parent,
 * as a case that fails ends its process where it stands.
 */
#include "tests/unit/unit.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[PATH_MAX];
static pid_t owner;

int
unit_run(SRunner *runner)
{
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
unit_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/*
 * The mount that holds the chroot is reached from the namespace's own root, on
 * the way that leads out of any chroot: up from a folder that is outside of
 * another.
 */
static bool
make_private_from_above(void)
{
	char below[] = "/tmp/above-XXXXXX";
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool done = root >= 0 && mkdtemp(below) != NULL && chroot(below) == 0 &&
	    fchdir(root) == 0;

	for (int i = 0; done && i < PATH_MAX / 2; i++)
		done = chdir("..") == 0;
	done = done && chroot(".") == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	done = root >= 0 && fchdir(root) == 0 && chroot(".") == 0 && done;
	(void)rmdir(below);
	if (root >= 0)
		close(root);
	return done;
}

bool
unit_mounts_apart(void)
{
	char here[PATH_MAX];

	return getcwd(here, sizeof(here)) != NULL &&
	    unshare(CLONE_NEWNS) == 0 &&
	    (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
		make_private_from_above()) &&
	    chdir(here) == 0;
}

static void
remove_scratch(void)
{
	if (getpid() == owner)
		unit_remove(scratch);
}

/* Others may go through it: some cases run as somebody else. */
static void
make_folder(char *template)
{
	if (mkdtemp(template) == NULL || chmod(template, 0755) != 0) {
		perror(template);
		abort();
	}
}

void
unit_scratch(bool trusted)
{
	const char *base = getenv("TMPDIR");
	char here[PATH_MAX];

	if (base == NULL)
		base = "/tmp";
	if (trusted)
		base = geteuid() == 0 ? "/run" : getcwd(here, sizeof(here));
	if (base == NULL ||
	    (size_t)snprintf(scratch, sizeof(scratch), "%s/spt_unit.XXXXXX",
		base) >= sizeof(scratch))
		abort();
	make_folder(scratch);
	owner = getpid();
	atexit(remove_scratch);
}

char *
unit_folder(void)
{
	char *path = NULL;

	if (scratch[0] == '\0' || asprintf(&path, "%s/XXXXXX", scratch) < 0)
		abort();
	make_folder(path);
	return path;
}
