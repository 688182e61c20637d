# check_PROGRAMS += tests/unit/userauth/test_userauth
