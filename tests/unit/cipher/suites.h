#ifndef TESTS_UNIT_CIPHER_SUITES_H
#define TESTS_UNIT_CIPHER_SUITES_H

#include <check.h>

Suite *suite_cipher(void);
Suite *suite_compress(void);
Suite *suite_kexinit(void);
Suite *suite_umac(void);

#endif
