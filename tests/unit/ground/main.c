/*
 * Runs the cases of lib/.
 */
#include "tests/unit/ground/suites.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_rd());
	int failed;

	srunner_add_suite(runner, suite_audit());
	srunner_add_suite(runner, suite_escape());
	srunner_add_suite(runner, suite_log());
	srunner_add_suite(runner, suite_loop());
	srunner_add_suite(runner, suite_match());
	srunner_add_suite(runner, suite_net());
	srunner_add_suite(runner, suite_safefile());
	srunner_add_suite(runner, suite_syslog_out());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
