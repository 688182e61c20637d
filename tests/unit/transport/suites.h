#ifndef TESTS_UNIT_TRANSPORT_SUITES_H
#define TESTS_UNIT_TRANSPORT_SUITES_H

#include <check.h>

Suite *suite_hello(void);
Suite *suite_kex(void);
Suite *suite_packets(void);
Suite *suite_rekey(void);
Suite *suite_floods(void);
Suite *suite_phases(void);

#endif
