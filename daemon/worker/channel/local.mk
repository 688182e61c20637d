# A library for the tests; the daemon takes the same sources.
CHANNEL_SOURCES = \
	daemon/worker/channel/alive.c \
	daemon/worker/channel/ask.c \
	daemon/worker/channel/channel.h \
	daemon/worker/channel/close.c \
	daemon/worker/channel/ends.c \
	daemon/worker/channel/global.c \
	daemon/worker/channel/in.c \
	daemon/worker/channel/open.c \
	daemon/worker/channel/out.c \
	daemon/worker/channel/request.c \
	daemon/worker/channel/say.c \
	daemon/worker/channel/table.c \
	daemon/worker/channel/wall_in.c
noinst_LIBRARIES += daemon/worker/channel/libchannel.a
daemon_worker_channel_libchannel_a_SOURCES = $(CHANNEL_SOURCES)
