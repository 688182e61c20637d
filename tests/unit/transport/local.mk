# The worker in a test bench: a fake monitor, fake channels.
WORKER_RIG = \
	tests/unit/transport/fake_channels.c \
	tests/unit/transport/fake_channels.h \
	tests/unit/transport/fake_monitor.c \
	tests/unit/transport/fake_monitor.h
WORKER_RIG_LIBS = daemon/worker/libworker.a privsep/libprivsep.a \
	lib/ssh/libssh.a lib/libground.a $(UNIT_LIBS) $(CRYPTO_LIBS) \
	$(SECCOMP_LIBS) $(ZLIB_LIBS)

# For real clients, and for measuring: see the file.
check_PROGRAMS += tests/unit/transport/rig_server
tests_unit_transport_rig_server_SOURCES = \
	tests/unit/transport/rig_server.c $(WORKER_RIG)
tests_unit_transport_rig_server_CFLAGS = $(UNIT_CFLAGS)
tests_unit_transport_rig_server_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_transport_rig_server_LDADD = $(WORKER_RIG_LIBS)
