# ./dev bench: sallyport beside other servers; see tests/bench/run.
EXTRA_DIST += tests/bench/run tests/bench/bench.py tests/bench/servers.py \
	tests/bench/measures.py tests/bench/report.py tests/bench/rounds.py \
	tests/bench/tickets.py
EXTRA_PROGRAMS += tests/bench/delay
CLEANFILES += tests/bench/delay$(EXEEXT)
tests_bench_delay_SOURCES = tests/bench/delay.c
tests_bench_delay_LDFLAGS = $(PROGRAM_LDFLAGS)
if TESTS_WANTED
EXTRA_PROGRAMS += tests/bench/light
CLEANFILES += tests/bench/light$(EXEEXT)
tests_bench_light_SOURCES = tests/bench/light.c \
	tests/unit/transport/client.c tests/unit/transport/client.h
tests_bench_light_CFLAGS = $(UNIT_CFLAGS)
tests_bench_light_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_bench_light_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(ZLIB_LIBS)
endif
