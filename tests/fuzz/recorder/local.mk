FUZZ_TARGETS += tests/fuzz/recorder/fuzz_quote
tests_fuzz_recorder_fuzz_quote_SOURCES = \
	tests/fuzz/recorder/fuzz_quote.c $(FUZZ_MAIN)
tests_fuzz_recorder_fuzz_quote_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_recorder_fuzz_quote_LDADD = daemon/recorder/librecorder.a \
	lib/libground.a
