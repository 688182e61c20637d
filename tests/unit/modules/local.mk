# check_PROGRAMS += tests/unit/modules/test_modules
