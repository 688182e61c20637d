/*
 * Runs the cases of config/.
 */
#include "tests/unit/config/suites.h"
#include "tests/unit/unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_scan());

	unit_scratch(true);
	srunner_add_suite(runner, suite_parse());
	srunner_add_suite(runner, suite_bundle());
	srunner_add_suite(runner, suite_load());
	srunner_add_suite(runner, suite_crypto_policy());
	srunner_add_suite(runner, suite_offers());
	srunner_add_suite(runner, suite_overlays());
	srunner_add_suite(runner, suite_overlay_text());
	srunner_add_suite(runner, suite_policy());
	srunner_add_suite(runner, suite_trial());
	srunner_add_suite(runner, suite_unknown());
	srunner_add_suite(runner, suite_policy_may());
	srunner_add_suite(runner, suite_policy_forward());
	srunner_add_suite(runner, suite_guards());
	srunner_add_suite(runner, suite_diff());
	srunner_add_suite(runner, suite_show());
	srunner_add_suite(runner, suite_start());
	srunner_add_suite(runner, suite_tests());
	srunner_add_suite(runner, suite_timed());
	srunner_add_suite(runner, suite_grants_directory());
	srunner_add_suite(runner, suite_check());
	srunner_add_suite(runner, suite_manual());
	srunner_add_suite(runner, suite_import());
	srunner_add_suite(runner, suite_import_file());
	srunner_add_suite(runner, suite_compliance());
	srunner_add_suite(runner, suite_consent());
	return unit_run(runner);
}
