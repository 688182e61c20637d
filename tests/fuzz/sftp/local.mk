FUZZ_TARGETS += tests/fuzz/sftp/fuzz_session
tests_fuzz_sftp_fuzz_session_SOURCES = \
	tests/fuzz/sftp/fuzz_session.c \
	tests/fuzz/sftp/jail.c tests/fuzz/sftp/jail.h $(FUZZ_MAIN)
tests_fuzz_sftp_fuzz_session_LDFLAGS = $(FUZZ_LDFLAGS) -pthread
tests_fuzz_sftp_fuzz_session_LDADD = daemon/sftp/libsftp.a lib/libground.a
