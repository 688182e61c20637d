check_PROGRAMS += tests/unit/sftp/test_sftp
TESTS += tests/unit/sftp/test_sftp
tests_unit_sftp_test_sftp_SOURCES = \
	tests/unit/sftp/client.c tests/unit/sftp/client.h \
	tests/unit/sftp/main.c \
	tests/unit/sftp/suites.h \
	tests/unit/sftp/test_codec.c \
	tests/unit/sftp/test_file.c \
	tests/unit/sftp/test_place.c \
	tests/unit/sftp/test_policy.c \
	tests/unit/sftp/test_read.c \
	tests/unit/sftp/test_robust.c \
	tests/unit/sftp/test_tree.c
tests_unit_sftp_test_sftp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sftp_test_sftp_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_sftp_test_sftp_LDADD = daemon/sftp/libsftp.a lib/libground.a \
	$(UNIT_LIBS)
