/*
 * Runs the cases of daemon/session/.  All but those of resolve.c and
 * of events need root.
 */
#include "tests/unit/session/suites.h"
#include "tests/unit/unit.h"

#include "lib/log.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_resolve());

	unit_scratch(false);
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
	return unit_run(runner);
}
