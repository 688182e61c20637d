/*
 * Runs the cases of daemon/worker/userauth/.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/userauth/suites.h"
#include "tests/unit/unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_userauth());

	rig_preload();
	return unit_run(runner);
}
