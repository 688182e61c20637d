check_PROGRAMS += tests/unit/cipher/test_cipher
TESTS += tests/unit/cipher/test_cipher
tests_unit_cipher_test_cipher_SOURCES = \
	tests/unit/cipher/main.c \
	tests/unit/cipher/suites.h \
	tests/unit/cipher/test_cipher.c \
	tests/unit/cipher/test_compress.c \
	tests/unit/cipher/test_kexinit.c \
	tests/unit/cipher/test_umac.c \
	tests/unit/cipher/vectors.h
tests_unit_cipher_test_cipher_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cipher_test_cipher_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_cipher_test_cipher_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(UNIT_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS)
EXTRA_DIST += tests/unit/cipher/make-vectors.py
