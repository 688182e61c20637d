check_PROGRAMS += tests/unit/kex/test_kex
TESTS += tests/unit/kex/test_kex
tests_unit_kex_test_kex_SOURCES = \
	tests/unit/kex/captures.h \
	tests/unit/kex/main.c \
	tests/unit/kex/suites.h \
	tests/unit/kex/test_curve.c \
	tests/unit/kex/test_dh.c \
	tests/unit/kex/test_hash.c \
	tests/unit/kex/test_kex.c \
	tests/unit/kex/test_mlkem.c \
	tests/unit/kex/test_moduli.c \
	tests/unit/kex/test_sntrup.c
tests_unit_kex_test_kex_CFLAGS = $(UNIT_CFLAGS)
tests_unit_kex_test_kex_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_kex_test_kex_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(UNIT_LIBS)
