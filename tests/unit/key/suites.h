#ifndef TESTS_UNIT_KEY_SUITES_H
#define TESTS_UNIT_KEY_SUITES_H

#include <check.h>

Suite *suite_authorized_keys(void);
Suite *suite_base64(void);
Suite *suite_cert(void);
Suite *suite_key(void);
Suite *suite_key_file(void);
Suite *suite_key_generate(void);
Suite *suite_keyholder(void);
Suite *suite_known_hosts(void);
Suite *suite_krl(void);
Suite *suite_mldsa(void);
Suite *suite_signature(void);
Suite *suite_sshsig(void);

#endif
