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
	tests/unit/kex/test_sandbox.c \
	tests/unit/kex/test_sntrup.c
tests_unit_kex_test_kex_CFLAGS = $(UNIT_CFLAGS)
tests_unit_kex_test_kex_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_kex_test_kex_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(SECCOMP_LIBS) $(UNIT_LIBS)

# Secrets undefined under valgrind; and the same with a leak to be found.
check_PROGRAMS += tests/unit/kex/constant_time \
	tests/unit/kex/constant_time_leaky
TESTS += tests/unit/kex/constant_time.sh
EXTRA_DIST += tests/unit/kex/constant_time.sh
tests_unit_kex_constant_time_SOURCES = tests/unit/kex/constant_time.c
tests_unit_kex_constant_time_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_kex_constant_time_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS)
tests_unit_kex_constant_time_leaky_SOURCES = tests/unit/kex/constant_time.c
tests_unit_kex_constant_time_leaky_CPPFLAGS = $(AM_CPPFLAGS) -DPLANT_LEAK
tests_unit_kex_constant_time_leaky_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_kex_constant_time_leaky_LDADD = lib/ssh/libssh.a \
	lib/libground.a $(CRYPTO_LIBS)
