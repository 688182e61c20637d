/* The cases of config/, one suite for each of its files. */
#ifndef TESTS_UNIT_CONFIG_SUITES_H
#define TESTS_UNIT_CONFIG_SUITES_H

#include <check.h>

Suite *suite_bundle(void);
Suite *suite_check(void);
Suite *suite_compliance(void);
Suite *suite_consent(void);
Suite *suite_diff(void);
Suite *suite_grants_directory(void);
Suite *suite_guards(void);
Suite *suite_import(void);
Suite *suite_import_file(void);
Suite *suite_load(void);
Suite *suite_manual(void);
Suite *suite_crypto_policy(void);
Suite *suite_offers(void);
Suite *suite_overlay_text(void);
Suite *suite_overlays(void);
Suite *suite_parse(void);
Suite *suite_policy(void);
Suite *suite_policy_may(void);
Suite *suite_policy_forward(void);
Suite *suite_scan(void);
Suite *suite_show(void);
Suite *suite_start(void);
Suite *suite_tests(void);
Suite *suite_timed(void);
Suite *suite_trial(void);
Suite *suite_unknown(void);

#endif
