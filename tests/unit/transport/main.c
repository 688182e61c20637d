/*
 * Runs the cases of daemon/worker/ and daemon/worker/transport/.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/transport/suites.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_hello());
	int failed;

	rig_preload();
	srunner_add_suite(runner, suite_kex());
	srunner_add_suite(runner, suite_packets());
	srunner_add_suite(runner, suite_rekey());
	srunner_add_suite(runner, suite_floods());
	srunner_add_suite(runner, suite_phases());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
