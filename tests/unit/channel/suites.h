#ifndef TESTS_UNIT_CHANNEL_SUITES_H
#define TESTS_UNIT_CHANNEL_SUITES_H

#include <check.h>

Suite *suite_program(void);
Suite *suite_session_channel(void);
Suite *suite_window(void);
Suite *suite_forward(void);
Suite *suite_eow(void);
Suite *suite_flow(void);
Suite *suite_order(void);
Suite *suite_patience(void);
Suite *suite_together(void);
Suite *suite_alive(void);
Suite *suite_say(void);

#endif
