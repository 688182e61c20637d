/*
 * Runs the cases of daemon/master/.
 */
#include "tests/unit/master/suites.h"

#include "lib/log.h"

#include <stdlib.h>

int
main(void)
{
	Suite *s = suite_create("master");
	SRunner *runner = srunner_create(s);
	int failed;

	log_use_stderr(false);
	suite_add_tcase(s, case_penalty());
	suite_add_tcase(s, case_admit());
	suite_add_tcase(s, case_crowd());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
