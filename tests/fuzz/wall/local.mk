FUZZ_TARGETS += tests/fuzz/wall/fuzz_wall tests/fuzz/wall/fuzz_monitor
WALL_LIBS = $(DAEMON_LIBS) $(CRYPTO_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) \
	$(ZLIB_LIBS)
tests_fuzz_wall_fuzz_wall_SOURCES = tests/fuzz/wall/fuzz_wall.c $(FUZZ_MAIN)
tests_fuzz_wall_fuzz_wall_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_wall_fuzz_wall_LDADD = $(WALL_LIBS)

# The real dispatcher and handlers of the monitor; nothing is forked, killed
# or waited for.
MONITOR_ON_STAGE = \
	daemon/monitor/chan.c \
	daemon/monitor/close.c \
	daemon/monitor/environment.c \
	daemon/monitor/file_event.c \
	daemon/monitor/greeting.c \
	daemon/monitor/gss_kex.c \
	daemon/monitor/health.c daemon/monitor/linux_audit.c daemon/monitor/key_record.c \
	daemon/monitor/login.c \
	daemon/monitor/recheck.c \
	daemon/monitor/on_connect.c \
	daemon/monitor/on_forward.c \
	daemon/monitor/on_key.c \
	daemon/monitor/on_session.c \
	daemon/monitor/on_unix.c \
	daemon/monitor/recording.c \
	daemon/monitor/recording_file.c \
	daemon/monitor/states.c \
	daemon/monitor/terminal.c
tests_fuzz_wall_fuzz_monitor_SOURCES = \
	tests/fuzz/wall/counted_session.c \
	tests/fuzz/wall/fuzz_monitor.c \
	tests/fuzz/wall/scene.c tests/fuzz/wall/scene.h \
	$(MONITOR_ON_STAGE) $(FUZZ_MAIN)
tests_fuzz_wall_fuzz_monitor_CPPFLAGS = $(AM_CPPFLAGS)
if !FUZZERS
tests_fuzz_wall_fuzz_monitor_CPPFLAGS += -DREPLAY
endif
tests_fuzz_wall_fuzz_monitor_LDFLAGS = $(FUZZ_LDFLAGS) \
	-Wl,--wrap=fork,--wrap=kill,--wrap=waitpid,--wrap=nanosleep
tests_fuzz_wall_fuzz_monitor_LDADD = daemon/monitor/libauth.a $(WALL_LIBS)

# make tests/fuzz/wall/make_seeds && tests/fuzz/wall/make_seeds .../corpus
check_PROGRAMS += tests/fuzz/wall/make_seeds
tests_fuzz_wall_make_seeds_SOURCES = \
	tests/fuzz/wall/make_seeds.c tests/fuzz/wall/scene.h \
	tests/unit/privsep/sample.c tests/unit/privsep/sample.h
tests_fuzz_wall_make_seeds_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_fuzz_wall_make_seeds_LDADD = $(WALL_LIBS)

# That the check of fuzz_monitor's coverage can fail.
if !FUZZERS
TESTS += tests/fuzz/wall/coverage.sh
endif
