# The worker in a test bench: a fake monitor, fake channels.
WORKER_RIG = \
	tests/unit/transport/fake_channels.c \
	tests/unit/transport/fake_channels.h \
	tests/unit/transport/fake_monitor.c \
	tests/unit/transport/fake_monitor.h
WORKER_RIG_LIBS = daemon/worker/libworker.a privsep/libprivsep.a \
	lib/ssh/libssh.a lib/libground.a $(UNIT_LIBS) $(CRYPTO_LIBS) \
	$(SECCOMP_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/transport/test_transport
TESTS += tests/unit/transport/test_transport
RIG = $(WORKER_RIG) \
	tests/unit/transport/client.c tests/unit/transport/client.h \
	tests/unit/transport/rig.c tests/unit/transport/rig.h
tests_unit_transport_test_transport_SOURCES = \
	tests/unit/transport/main.c \
	tests/unit/transport/suites.h \
	tests/unit/transport/test_floods.c \
	tests/unit/transport/test_hello.c \
	tests/unit/transport/test_kex.c \
	tests/unit/transport/test_packets.c \
	tests/unit/transport/test_phases.c \
	tests/unit/transport/test_rekey.c $(RIG)
tests_unit_transport_test_transport_CFLAGS = $(UNIT_CFLAGS)
tests_unit_transport_test_transport_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_transport_test_transport_LDADD = $(WORKER_RIG_LIBS)

# Counts what the fast path costs: every allocation and system call of ours
# goes through a counter.
check_PROGRAMS += tests/unit/transport/test_fast
TESTS += tests/unit/transport/test_fast
FAST_WRAP = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=read,--wrap=write,--wrap=setsockopt \
	-Wl,--wrap=epoll_ctl,--wrap=epoll_wait,--wrap=getrandom \
	-Wl,--wrap=sendmsg,--wrap=recvmsg,--wrap=madvise
tests_unit_transport_test_fast_SOURCES = \
	tests/unit/transport/test_fast.c $(RIG)
tests_unit_transport_test_fast_CFLAGS = $(UNIT_CFLAGS)
tests_unit_transport_test_fast_LDFLAGS = $(PROGRAM_LDFLAGS) $(FAST_WRAP)
tests_unit_transport_test_fast_LDADD = $(WORKER_RIG_LIBS)

# For real clients, and for measuring: see the file.
check_PROGRAMS += tests/unit/transport/rig_server
tests_unit_transport_rig_server_SOURCES = \
	tests/unit/transport/rig_server.c $(WORKER_RIG)
tests_unit_transport_rig_server_CFLAGS = $(UNIT_CFLAGS)
tests_unit_transport_rig_server_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_transport_rig_server_LDADD = $(WORKER_RIG_LIBS)
