FUZZ_TARGETS += tests/fuzz/channel/fuzz_channel
tests_fuzz_channel_fuzz_channel_SOURCES = \
	tests/fuzz/channel/fuzz_channel.c \
	tests/fuzz/channel/world.c \
	tests/fuzz/channel/world.h \
	$(FUZZ_MAIN)
tests_fuzz_channel_fuzz_channel_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_channel_fuzz_channel_LDADD = daemon/worker/channel/libchannel.a \
	config/libsettings.a \
	privsep/libprivsep.a lib/ssh/libssh.a lib/libground.a
