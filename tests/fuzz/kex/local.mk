FUZZ_TARGETS += tests/fuzz/kex/fuzz_kex_init tests/fuzz/kex/fuzz_kex_reply \
	tests/fuzz/kex/fuzz_kex_hash tests/fuzz/kex/fuzz_moduli
KEX_FUZZ_LIBS = lib/ssh/libssh.a lib/libground.a $(CRYPTO_LIBS)
tests_fuzz_kex_fuzz_kex_init_SOURCES = tests/fuzz/kex/fuzz_kex_init.c \
	tests/fuzz/kex/methods.h $(FUZZ_MAIN)
tests_fuzz_kex_fuzz_kex_init_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_kex_fuzz_kex_init_LDADD = $(KEX_FUZZ_LIBS)
tests_fuzz_kex_fuzz_kex_reply_SOURCES = tests/fuzz/kex/fuzz_kex_reply.c \
	tests/fuzz/kex/methods.h $(FUZZ_MAIN)
tests_fuzz_kex_fuzz_kex_reply_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_kex_fuzz_kex_reply_LDADD = $(KEX_FUZZ_LIBS)
tests_fuzz_kex_fuzz_kex_hash_SOURCES = tests/fuzz/kex/fuzz_kex_hash.c \
	tests/fuzz/kex/methods.h $(FUZZ_MAIN)
tests_fuzz_kex_fuzz_kex_hash_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_kex_fuzz_kex_hash_LDADD = $(KEX_FUZZ_LIBS)
tests_fuzz_kex_fuzz_moduli_SOURCES = tests/fuzz/kex/fuzz_moduli.c \
	$(FUZZ_MAIN)
tests_fuzz_kex_fuzz_moduli_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_kex_fuzz_moduli_LDADD = $(KEX_FUZZ_LIBS)
