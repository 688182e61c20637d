if GSSAPI
check_PROGRAMS += tests/unit/ticketholder/test_ticketholder
TESTS += tests/unit/ticketholder/test_ticketholder
tests_unit_ticketholder_test_ticketholder_SOURCES = \
	daemon/ticketholder/replay.c \
	tests/unit/ticketholder/test_take.c
tests_unit_ticketholder_test_ticketholder_CFLAGS = $(UNIT_CFLAGS) $(GSSAPI_CFLAGS)
tests_unit_ticketholder_test_ticketholder_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_ticketholder_test_ticketholder_LDADD = privsep/libprivsep.a \
	lib/libground.a $(GSSAPI_LIBS) $(SECCOMP_LIBS) $(UNIT_LIBS)
endif
