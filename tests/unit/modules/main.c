/*
 * Runs the cases of modules/ and of the monitor's authentication.
 */
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"
#include "tests/unit/unit.h"

#include "lib/log.h"
#include "lib/ssh/key.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner;

	log_set_level(LOG_LEVEL_ERROR);
	if (key_preload() != 0)
		return EXIT_FAILURE;
	if (audit_set_outputs(NULL, 0) != 0)
		return EXIT_FAILURE;
	fake_prepare();
	runner = srunner_create(suite_chain());
	srunner_add_suite(runner, suite_decoy());
	srunner_add_suite(runner, suite_host());
	srunner_add_suite(runner, suite_contract());
	srunner_add_suite(runner, suite_errand());
	srunner_add_suite(runner, suite_glob());
	srunner_add_suite(runner, suite_light_child());
	srunner_add_suite(runner, suite_pam());
	srunner_add_suite(runner, suite_publickey());
	srunner_add_suite(runner, suite_certificates());
	srunner_add_suite(runner, suite_gssapi());
	srunner_add_suite(runner, suite_hostbased());
	srunner_add_suite(runner, suite_example());
	srunner_add_suite(runner, suite_isolation());
	srunner_add_suite(runner, suite_stages());
	srunner_add_suite(runner, suite_state());
	return unit_run(runner);
}
