/*
 * Runs the cases of daemon/worker/channel/.
 */
#include "tests/unit/channel/suites.h"
#include "tests/unit/unit.h"

#include "lib/log.h"

#include <signal.h>

int
main(void)
{
	SRunner *runner;

	signal(SIGPIPE, SIG_IGN); /* as the worker does */
	log_use_stderr(false);
	runner = srunner_create(suite_session_channel());
	srunner_add_suite(runner, suite_program());
	srunner_add_suite(runner, suite_forward());
	srunner_add_suite(runner, suite_window());
	srunner_add_suite(runner, suite_eow());
	srunner_add_suite(runner, suite_flow());
	srunner_add_suite(runner, suite_order());
	srunner_add_suite(runner, suite_patience());
	srunner_add_suite(runner, suite_together());
	srunner_add_suite(runner, suite_alive());
	srunner_add_suite(runner, suite_say());
	return unit_run(runner);
}
