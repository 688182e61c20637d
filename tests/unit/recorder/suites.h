/*
 * The suites of daemon/recorder/.
 */
#ifndef TESTS_UNIT_RECORDER_SUITES_H
#define TESTS_UNIT_RECORDER_SUITES_H

#include <check.h>

Suite *suite_quote(void);
Suite *suite_cast(void);

#endif
