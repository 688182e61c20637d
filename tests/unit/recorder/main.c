/*
 * Runs the cases of daemon/recorder/.
 */
#include "tests/unit/recorder/suites.h"
#include "tests/unit/unit.h"

#include "lib/log.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_quote());

	unit_scratch(false);
	log_use_stderr(false);
	srunner_add_suite(runner, suite_cast());
	return unit_run(runner);
}
