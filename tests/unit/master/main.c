/*
 * Runs the cases of daemon/master/.
 */
#include "tests/unit/master/suites.h"
#include "tests/unit/unit.h"

#include "lib/log.h"

int
main(void)
{
	Suite *s = suite_create("master");
	SRunner *runner = srunner_create(s);

	log_use_stderr(false);
	suite_add_tcase(s, case_penalty());
	suite_add_tcase(s, case_admit());
	suite_add_tcase(s, case_crowd());
	suite_add_tcase(s, case_sweep());
	suite_add_tcase(s, case_listen());
	suite_add_tcase(s, case_judging());
	return unit_run(runner);
}
