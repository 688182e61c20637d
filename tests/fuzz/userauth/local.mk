FUZZ_TARGETS += tests/fuzz/userauth/fuzz_userauth
tests_fuzz_userauth_fuzz_userauth_SOURCES = \
	tests/fuzz/userauth/fuzz_userauth.c $(FUZZ_BENCH)
tests_fuzz_userauth_fuzz_userauth_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_userauth_fuzz_userauth_LDADD = $(FUZZ_BENCH_LIBS)
