/*
 * Runs the cases of daemon/session/.  All but those of permit.c and
 * of events need root.
 */
#include "tests/unit/session/suites.h"

#include "lib/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_permit());
	int failed;

	srunner_add_suite(runner, suite_events());
	signal(SIGPIPE, SIG_IGN);
	log_use_stderr(false);
	if (geteuid() == 0) {
		srunner_add_suite(runner, suite_program());
		srunner_add_suite(runner, suite_reach());
		srunner_add_suite(runner, suite_listen());
	} else {
		puts("not root: the session process is not started");
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
