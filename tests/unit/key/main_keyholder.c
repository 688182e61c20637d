/*
 * Runs the cases of daemon/keyholder.
 */
#include "tests/unit/key/suites.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_keyholder());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
