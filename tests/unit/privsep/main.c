/*
 * Runs the cases of privsep/.
 */
#include "tests/unit/privsep/suites.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Started as a role by a test: tell what arrived, on the wall. */
static int
tell(int argc, char **argv)
{
	FILE *f = fdopen(3, "w");

	if (f == NULL)
		return 1;
	for (int i = 1; i < argc; i++)
		fprintf(f, "%s\n", argv[i]);
	for (char **e = environ; *e != NULL; e++)
		fprintf(f, "%s\n", *e);
	fputs("fds", f);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			fprintf(f, " %d", fd);
	fputs("\n", f);
	return fclose(f) == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	SRunner *runner;

	if (argc > 1 && strncmp(argv[1], "--role=", 7) == 0)
		return tell(argc, argv);
	runner = srunner_create(suite_codec());
	unit_scratch(false);
	srunner_add_suite(runner, suite_accounts());
	srunner_add_suite(runner, suite_drop());
	srunner_add_suite(runner, suite_parts());
	srunner_add_suite(runner, suite_peer());
	srunner_add_suite(runner, suite_sandbox());
	srunner_add_suite(runner, suite_session_exec());
	srunner_add_suite(runner, suite_wall());
	srunner_add_suite(runner, suite_wall_queue());
	srunner_add_suite(runner, suite_wiping());
	return unit_run(runner);
}
