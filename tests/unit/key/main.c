/*
 * Runs the cases of lib/ssh/key*, cert*, krl*, known_hosts*, authorized_keys*.
 */
#include "tests/unit/key/suites.h"
#include "tests/unit/unit.h"

#include "lib/ssh/key.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_base64());

	/* Check forks for each test: as the server's templates do. */
	if (key_preload() != 0)
		return EXIT_FAILURE;
	unit_scratch(false);
	srunner_add_suite(runner, suite_key());
	srunner_add_suite(runner, suite_signature());
	srunner_add_suite(runner, suite_sshsig());
	srunner_add_suite(runner, suite_key_file());
	srunner_add_suite(runner, suite_key_generate());
	srunner_add_suite(runner, suite_cert());
	srunner_add_suite(runner, suite_krl());
	srunner_add_suite(runner, suite_mldsa());
	srunner_add_suite(runner, suite_known_hosts());
	srunner_add_suite(runner, suite_authorized_keys());
	return unit_run(runner);
}
