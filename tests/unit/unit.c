/*
 * What every unit test program does.  The scratch folder is the parent's, as
 * a case that fails ends its process where it stands.
 */
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <ftw.h>
#include <limits.h>
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
