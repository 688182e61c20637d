check_PROGRAMS += tests/unit/channel/test_channel
TESTS += tests/unit/channel/test_channel
tests_unit_channel_test_channel_SOURCES = \
	tests/unit/channel/fake.c \
	tests/unit/channel/fake.h \
	tests/unit/channel/main.c \
	tests/unit/channel/suites.h \
	tests/unit/channel/test_alive.c \
	tests/unit/channel/test_eow.c \
	tests/unit/channel/test_flow.c \
	tests/unit/channel/test_order.c \
	tests/unit/channel/test_forward.c \
	tests/unit/channel/test_patience.c \
	tests/unit/channel/test_program.c \
	tests/unit/channel/test_say.c \
	tests/unit/channel/test_session_channel.c \
	tests/unit/channel/test_together.c \
	tests/unit/channel/test_window.c
tests_unit_channel_test_channel_CFLAGS = $(UNIT_CFLAGS)
tests_unit_channel_test_channel_LDFLAGS = $(PROGRAM_LDFLAGS) \
	-Wl,--wrap=clock_gettime
tests_unit_channel_test_channel_LDADD = daemon/worker/channel/libchannel.a \
	config/libsettings.a privsep/libprivsep.a lib/ssh/libssh.a \
	lib/libground.a $(UNIT_LIBS) $(SECCOMP_LIBS)
