#ifndef TESTS_UNIT_PRIVSEP_SUITES_H
#define TESTS_UNIT_PRIVSEP_SUITES_H

#include <check.h>

Suite *suite_accounts(void);
Suite *suite_codec(void);
Suite *suite_drop(void);
Suite *suite_parts(void);
Suite *suite_peer(void);
Suite *suite_sandbox(void);
Suite *suite_session_exec(void);
Suite *suite_wall(void);
Suite *suite_wall_queue(void);
Suite *suite_wiping(void);

#endif
