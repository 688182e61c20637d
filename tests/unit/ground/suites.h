#ifndef TESTS_UNIT_GROUND_SUITES_H
#define TESTS_UNIT_GROUND_SUITES_H

#include <check.h>

Suite *suite_rd(void);

#endif
