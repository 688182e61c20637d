#ifndef TESTS_UNIT_MODULES_SUITES_H
#define TESTS_UNIT_MODULES_SUITES_H

#include <check.h>

Suite *suite_chain(void);
Suite *suite_host(void);
Suite *suite_contract(void);
Suite *suite_errand(void);
Suite *suite_light_child(void);
Suite *suite_pam(void);
Suite *suite_publickey(void);
Suite *suite_certificates(void);
Suite *suite_glob(void);
Suite *suite_gssapi(void);
Suite *suite_hostbased(void);
Suite *suite_decoy(void);
Suite *suite_example(void);
Suite *suite_isolation(void);
Suite *suite_stages(void);
Suite *suite_state(void);

#endif
