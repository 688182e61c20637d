/*
 * Runs the cases of lib/ssh/cipher*, umac, kexinit and compress.
 */
#include "tests/unit/cipher/suites.h"
#include "tests/unit/unit.h"

#include "lib/ssh/cipher.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *runner = srunner_create(suite_cipher());

	if (cipher_preload() != 0)
		return EXIT_FAILURE;
	srunner_add_suite(runner, suite_compress());
	srunner_add_suite(runner, suite_kexinit());
	srunner_add_suite(runner, suite_umac());
	return unit_run(runner);
}
