# check_PROGRAMS += tests/unit/privsep/test_privsep
