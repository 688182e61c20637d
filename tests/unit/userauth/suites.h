#ifndef TESTS_UNIT_USERAUTH_SUITES_H
#define TESTS_UNIT_USERAUTH_SUITES_H

#include <check.h>

Suite *suite_userauth(void);

#endif
