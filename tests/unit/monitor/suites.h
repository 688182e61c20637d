/*
 * The suites of tests/unit/monitor.
 */
#ifndef TESTS_UNIT_MONITOR_SUITES_H
#define TESTS_UNIT_MONITOR_SUITES_H

#include <check.h>

Suite *suite_judge(void);
Suite *suite_linux_audit(void);

#endif
