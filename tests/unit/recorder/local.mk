check_PROGRAMS += tests/unit/recorder/test_recorder
TESTS += tests/unit/recorder/test_recorder
tests_unit_recorder_test_recorder_SOURCES = \
	tests/unit/recorder/main.c \
	tests/unit/recorder/suites.h \
	tests/unit/recorder/test_cast.c \
	tests/unit/recorder/test_quote.c
tests_unit_recorder_test_recorder_CFLAGS = $(UNIT_CFLAGS)
tests_unit_recorder_test_recorder_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_recorder_test_recorder_LDADD = daemon/recorder/librecorder.a \
	privsep/libprivsep.a lib/libground.a $(UNIT_LIBS) $(CRYPTO_LIBS)
