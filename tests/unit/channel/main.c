/*
 * Runs the cases of daemon/worker/channel/.
 */
#include "tests/unit/channel/suites.h"

#include "lib/log.h"

#include <signal.h>
#include <stdlib.h>

int
main(void)
{
	SRunner *runner;
	int failed;

	signal(SIGPIPE, SIG_IGN); /* as the worker does */
	log_use_stderr(false);
	runner = srunner_create(suite_session_channel());
	srunner_add_suite(runner, suite_program());
	srunner_add_suite(runner, suite_forward());
	srunner_add_suite(runner, suite_flow());
	srunner_add_suite(runner, suite_patience());
	srunner_add_suite(runner, suite_alive());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
