/*
 * Runs the cases of lib/ssh/key*, cert*, krl*, known_hosts*, authorized_keys*.
 */
#include "tests/unit/key/suites.h"

#include "lib/ssh/key.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_base64());
	int failed;

	/* Check forks for each test: as the server's templates do. */
	if (key_preload() != 0)
		return EXIT_FAILURE;
	srunner_add_suite(runner, suite_key());
	srunner_add_suite(runner, suite_signature());
	srunner_add_suite(runner, suite_key_file());
	srunner_add_suite(runner, suite_key_generate());
	srunner_add_suite(runner, suite_cert());
	srunner_add_suite(runner, suite_krl());
	srunner_add_suite(runner, suite_known_hosts());
	srunner_add_suite(runner, suite_authorized_keys());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
