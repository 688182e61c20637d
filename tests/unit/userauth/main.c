/*
 * Runs the cases of daemon/worker/userauth/.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/userauth/suites.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_userauth());
	int failed;

	rig_preload();
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
