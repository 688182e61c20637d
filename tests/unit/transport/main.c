/*
 * Runs the cases of daemon/worker/ and daemon/worker/transport/.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/transport/suites.h"
#include "tests/unit/unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_hello());

	rig_preload();
	srunner_add_suite(runner, suite_kex());
	srunner_add_suite(runner, suite_packets());
	srunner_add_suite(runner, suite_rekey());
	srunner_add_suite(runner, suite_floods());
	srunner_add_suite(runner, suite_phases());
	return unit_run(runner);
}
