FUZZ_TARGETS += tests/fuzz/cipher/fuzz_kexinit tests/fuzz/cipher/fuzz_inflate \
	tests/fuzz/cipher/fuzz_open
tests_fuzz_cipher_fuzz_kexinit_SOURCES = tests/fuzz/cipher/fuzz_kexinit.c \
	$(FUZZ_MAIN)
tests_fuzz_cipher_fuzz_kexinit_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_cipher_fuzz_kexinit_LDADD = $(FUZZ_CIPHER_LIBS)
tests_fuzz_cipher_fuzz_inflate_SOURCES = tests/fuzz/cipher/fuzz_inflate.c \
	$(FUZZ_MAIN)
tests_fuzz_cipher_fuzz_inflate_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_cipher_fuzz_inflate_LDADD = $(FUZZ_CIPHER_LIBS)
tests_fuzz_cipher_fuzz_open_SOURCES = tests/fuzz/cipher/fuzz_open.c \
	$(FUZZ_MAIN)
tests_fuzz_cipher_fuzz_open_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_cipher_fuzz_open_LDADD = $(FUZZ_CIPHER_LIBS)
FUZZ_CIPHER_LIBS = lib/ssh/libssh.a lib/libground.a $(CRYPTO_LIBS) \
	$(ZLIB_LIBS)
