check_PROGRAMS += tests/unit/userauth/test_userauth
TESTS += tests/unit/userauth/test_userauth
tests_unit_userauth_test_userauth_SOURCES = \
	tests/unit/userauth/main.c \
	tests/unit/userauth/suites.h \
	tests/unit/userauth/test_userauth.c $(RIG)
tests_unit_userauth_test_userauth_CFLAGS = $(UNIT_CFLAGS)
tests_unit_userauth_test_userauth_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_userauth_test_userauth_LDADD = $(WORKER_RIG_LIBS)
