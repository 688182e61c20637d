check_PROGRAMS += tests/unit/monitor/test_monitor
TESTS += tests/unit/monitor/test_monitor
tests_unit_monitor_test_monitor_SOURCES = \
	tests/unit/monitor/test_states.c daemon/monitor/states.c \
	tests/unit/monitor/test_judge.c daemon/monitor/judge_question.c \
	daemon/monitor/judge_files.c \
	tests/unit/monitor/suites.h tests/unit/monitor/test_linux_audit.c daemon/monitor/linux_audit.c
tests_unit_monitor_test_monitor_CFLAGS = $(UNIT_CFLAGS)
tests_unit_monitor_test_monitor_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_monitor_test_monitor_LDADD = $(DAEMON_LIBS) $(UNIT_LIBS) \
	$(CRYPTO_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) $(ZLIB_LIBS)
