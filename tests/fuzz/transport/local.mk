FUZZ_TARGETS += tests/fuzz/transport/fuzz_stream \
	tests/fuzz/transport/fuzz_packets
FUZZ_BENCH = tests/fuzz/transport/bench.c tests/fuzz/transport/bench.h \
	$(FUZZ_MAIN) \
	tests/unit/transport/fake_channels.c \
	tests/unit/transport/fake_channels.h \
	tests/unit/transport/fake_monitor.c \
	tests/unit/transport/fake_monitor.h
FUZZ_BENCH_LIBS = daemon/worker/libworker.a privsep/libprivsep.a \
	lib/ssh/libssh.a lib/libground.a $(CRYPTO_LIBS) $(SECCOMP_LIBS) \
	$(ZLIB_LIBS)
tests_fuzz_transport_fuzz_stream_SOURCES = \
	tests/fuzz/transport/fuzz_stream.c $(FUZZ_BENCH)
tests_fuzz_transport_fuzz_stream_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_transport_fuzz_stream_LDADD = $(FUZZ_BENCH_LIBS)
tests_fuzz_transport_fuzz_packets_SOURCES = \
	tests/fuzz/transport/fuzz_packets.c $(FUZZ_BENCH)
tests_fuzz_transport_fuzz_packets_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_transport_fuzz_packets_LDADD = $(FUZZ_BENCH_LIBS)
