#ifndef TESTS_UNIT_SFTP_SUITES_H
#define TESTS_UNIT_SFTP_SUITES_H

#include <check.h>

Suite *suite_codec(void);
Suite *suite_place(void);
Suite *suite_file(void);
Suite *suite_tree(void);
Suite *suite_policy(void);
Suite *suite_read(void);
Suite *suite_robust(void);

#endif
