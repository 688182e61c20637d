#ifndef TESTS_UNIT_KEX_SUITES_H
#define TESTS_UNIT_KEX_SUITES_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

Suite *suite_curve(void);
Suite *suite_dh(void);
Suite *suite_hash(void);
Suite *suite_kex(void);
Suite *suite_mlkem(void);
Suite *suite_moduli(void);
Suite *suite_sandbox(void);
Suite *suite_sntrup(void);

/* Hexadecimal to bytes; the number of bytes.  Aborts on what is not. */
size_t unhex(const char *hex, uint8_t *out, size_t max);

/* SHA-256 of data as hexadecimal, in a place of its own. */
const char *sha256_hex(const void *data, size_t len);

#endif
