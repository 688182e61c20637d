# check_PROGRAMS += tests/unit/key/test_key
