check_PROGRAMS += tests/unit/privsep/test_privsep
TESTS += tests/unit/privsep/test_privsep
tests_unit_privsep_test_privsep_SOURCES = \
	tests/unit/privsep/main.c \
	tests/unit/privsep/sample.c tests/unit/privsep/sample.h \
	tests/unit/privsep/suites.h \
	tests/unit/privsep/test_accounts.c \
	tests/unit/privsep/test_codec.c \
	tests/unit/privsep/test_drop.c \
	tests/unit/privsep/test_parts.c \
	tests/unit/privsep/test_peer.c \
	tests/unit/privsep/test_sandbox.c \
	tests/unit/privsep/test_session_exec.c \
	tests/unit/privsep/test_wall.c \
	tests/unit/privsep/test_wall_queue.c \
	tests/unit/privsep/test_wiping.c
tests_unit_privsep_test_privsep_CFLAGS = $(UNIT_CFLAGS)
tests_unit_privsep_test_privsep_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_privsep_test_privsep_LDADD = $(DAEMON_LIBS) $(UNIT_LIBS) \
	$(CRYPTO_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) $(ZLIB_LIBS)
