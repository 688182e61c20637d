# check_PROGRAMS += tests/unit/session/test_session
