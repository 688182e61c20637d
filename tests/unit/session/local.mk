check_PROGRAMS += tests/unit/session/test_session
TESTS += tests/unit/session/test_session
tests_unit_session_test_session_SOURCES = \
	tests/unit/session/drive.c \
	tests/unit/session/drive.h \
	tests/unit/session/main.c \
	tests/unit/session/suites.h \
	tests/unit/session/test_events.c \
	tests/unit/session/test_listen.c \
	tests/unit/session/test_resolve.c \
	tests/unit/session/test_program.c \
	tests/unit/session/test_reach.c
tests_unit_session_test_session_CFLAGS = $(UNIT_CFLAGS)
tests_unit_session_test_session_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_session_test_session_LDADD = daemon/session/libsession.a \
	daemon/sftp/libsftp.a privsep/libprivsep.a lib/libground.a \
	$(UNIT_LIBS) $(SECCOMP_LIBS)
