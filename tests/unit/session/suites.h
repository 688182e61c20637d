#ifndef TESTS_UNIT_SESSION_SUITES_H
#define TESTS_UNIT_SESSION_SUITES_H

#include <check.h>

Suite *suite_program(void);
Suite *suite_reach(void);
Suite *suite_listen(void);
Suite *suite_resolve(void);
Suite *suite_events(void);

#endif
