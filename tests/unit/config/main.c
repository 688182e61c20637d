/*
 * Runs the cases of config/.
 */
#include "tests/unit/config/suites.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_scan());
	int failed;

	srunner_add_suite(runner, suite_parse());
	srunner_add_suite(runner, suite_bundle());
	srunner_add_suite(runner, suite_load());
	srunner_add_suite(runner, suite_policy());
	srunner_add_suite(runner, suite_policy_may());
	srunner_add_suite(runner, suite_guards());
	srunner_add_suite(runner, suite_show());
	srunner_add_suite(runner, suite_check());
	srunner_add_suite(runner, suite_manual());
	srunner_add_suite(runner, suite_import());
	srunner_add_suite(runner, suite_compliance());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
