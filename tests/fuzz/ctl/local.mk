FUZZ_TARGETS += tests/fuzz/ctl/fuzz_pam_stack
tests_fuzz_ctl_fuzz_pam_stack_SOURCES = tests/fuzz/ctl/fuzz_pam_stack.c \
	daemon/ctl/explain_pam.c $(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_pam_stack_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_pam_stack_LDADD = lib/libground.a

FUZZ_TARGETS += tests/fuzz/ctl/fuzz_policy_diff
tests_fuzz_ctl_fuzz_policy_diff_SOURCES = tests/fuzz/ctl/fuzz_policy_diff.c \
	daemon/ctl/policy_users.c $(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_policy_diff_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_policy_diff_LDADD = config/libsettings.a \
	privsep/libprivsep.a lib/ssh/libssh.a lib/libground.a $(CRYPTO_LIBS) \
	$(CONFIG_LIBS) $(ZLIB_LIBS)

FUZZ_TARGETS += tests/fuzz/ctl/fuzz_recording
tests_fuzz_ctl_fuzz_recording_SOURCES = tests/fuzz/ctl/fuzz_recording.c \
	daemon/ctl/recordings/cast.c daemon/ctl/recordings/fields.c \
	daemon/ctl/recordings/manifest.c $(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_recording_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_recording_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(ZLIB_LIBS)

FUZZ_TARGETS += tests/fuzz/ctl/fuzz_screen
tests_fuzz_ctl_fuzz_screen_SOURCES = tests/fuzz/ctl/fuzz_screen.c \
	daemon/ctl/recordings/play_filter.c daemon/ctl/recordings/vt.c \
	daemon/ctl/recordings/vt_control.c daemon/ctl/recordings/vt_parse.c \
	$(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_screen_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_screen_LDADD = lib/libground.a

FUZZ_TARGETS += tests/fuzz/ctl/fuzz_logged
tests_fuzz_ctl_fuzz_logged_SOURCES = tests/fuzz/ctl/fuzz_logged.c \
	daemon/ctl/recordings/logged.c $(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_logged_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_logged_LDADD = lib/libground.a

FUZZ_TARGETS += tests/fuzz/ctl/fuzz_log_book
tests_fuzz_ctl_fuzz_log_book_SOURCES = tests/fuzz/ctl/fuzz_log_book.c \
	daemon/ctl/log_book.c daemon/ctl/log_judge.c $(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_log_book_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_log_book_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(ZLIB_LIBS)

FUZZ_TARGETS += tests/fuzz/ctl/fuzz_selftest
tests_fuzz_ctl_fuzz_selftest_SOURCES = tests/fuzz/ctl/fuzz_selftest.c \
	daemon/ctl/selftest/report.c daemon/ctl/selftest/ssh.c \
	daemon/ctl/selftest/ssh_login.c daemon/ctl/record.c $(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_selftest_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_selftest_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(ZLIB_LIBS)
