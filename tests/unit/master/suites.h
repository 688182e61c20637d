#ifndef TESTS_UNIT_MASTER_SUITES_H
#define TESTS_UNIT_MASTER_SUITES_H

#include <check.h>

TCase *case_penalty(void);
TCase *case_admit(void);
TCase *case_crowd(void);
TCase *case_sweep(void);
TCase *case_listen(void);
TCase *case_judging(void);

#endif
