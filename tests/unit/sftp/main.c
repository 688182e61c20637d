/*
 * Runs the cases of daemon/sftp.
 */
#include "tests/unit/sftp/suites.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_codec());
	int failed;

	srunner_add_suite(runner, suite_place());
	srunner_add_suite(runner, suite_file());
	srunner_add_suite(runner, suite_tree());
	srunner_add_suite(runner, suite_policy());
	srunner_add_suite(runner, suite_robust());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
