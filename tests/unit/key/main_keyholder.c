/*
 * Runs the cases of daemon/keyholder.
 */
#include "tests/unit/key/suites.h"
#include "tests/unit/unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_keyholder());

	unit_scratch(true);
	return unit_run(runner);
}
