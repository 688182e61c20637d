# check_PROGRAMS += tests/unit/kex/test_kex
