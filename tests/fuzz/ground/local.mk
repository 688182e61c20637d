FUZZ_TARGETS += tests/fuzz/ground/fuzz_rd
tests_fuzz_ground_fuzz_rd_SOURCES = tests/fuzz/ground/fuzz_rd.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_rd_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_rd_LDADD = lib/libground.a
