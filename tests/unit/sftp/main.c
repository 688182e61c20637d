/*
 * Runs the cases of daemon/sftp.
 */
#include "tests/unit/sftp/suites.h"
#include "tests/unit/unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_codec());

	unit_scratch(false);
	srunner_add_suite(runner, suite_place());
	srunner_add_suite(runner, suite_file());
	srunner_add_suite(runner, suite_read());
	srunner_add_suite(runner, suite_tree());
	srunner_add_suite(runner, suite_policy());
	srunner_add_suite(runner, suite_robust());
	return unit_run(runner);
}
