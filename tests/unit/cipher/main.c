/*
 * Runs the cases of lib/ssh/cipher*, kexinit and compress.
 */
#include "tests/unit/cipher/suites.h"

#include "lib/ssh/cipher.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_cipher());
	int failed;

	if (cipher_preload() != 0)
		return EXIT_FAILURE;
	srunner_add_suite(runner, suite_compress());
	srunner_add_suite(runner, suite_kexinit());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
