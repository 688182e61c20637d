FUZZ_TARGETS += tests/fuzz/master/fuzz_penalties
tests_fuzz_master_fuzz_penalties_SOURCES = tests/fuzz/master/fuzz_penalties.c \
	$(FUZZ_MAIN)
tests_fuzz_master_fuzz_penalties_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_master_fuzz_penalties_LDADD = privsep/libprivsep.a \
	config/libsettings.a lib/ssh/libssh.a lib/libground.a $(CRYPTO_LIBS) \
	$(CONFIG_LIBS) $(SECCOMP_LIBS) $(ZLIB_LIBS)
