/*
 * Runs the cases of the key exchange.
 */
#include "tests/unit/kex/suites.h"
#include "tests/unit/unit.h"

#include "lib/ssh/digest.h"
#include "lib/ssh/kex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
unhex(const char *hex, uint8_t *out, size_t max)
{
	size_t len = strlen(hex) / 2;

	if (strlen(hex) % 2 != 0 || len > max)
		abort();
	for (size_t i = 0; i < len; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
		char *end;

		out[i] = (uint8_t)strtoul(digits, &end, 16);
		if (*end != '\0')
			abort();
	}
	return len;
}

const char *
sha256_hex(const void *data, size_t len)
{
	static char text[2 * 32 + 1];
	struct digest_part part = {data, len};
	uint8_t hash[DIGEST_MAX];

	if (digest_parts(DIGEST_SHA256, &part, 1, hash, 0) != 0)
		abort();
	for (size_t i = 0; i < 32; i++)
		snprintf(&text[2 * i], 3, "%02x", hash[i]);
	return text;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite_kex());

	/* As a template does, before its children fork. */
	if (kex_preload() != 0)
		return EXIT_FAILURE;
	srunner_add_suite(runner, suite_curve());
	srunner_add_suite(runner, suite_dh());
	srunner_add_suite(runner, suite_hash());
	srunner_add_suite(runner, suite_mlkem());
	srunner_add_suite(runner, suite_moduli());
	srunner_add_suite(runner, suite_sandbox());
	srunner_add_suite(runner, suite_sntrup());
	return unit_run(runner);
}
