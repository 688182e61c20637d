check_LIBRARIES = tests/unit/libunit.a
tests_unit_libunit_a_SOURCES = tests/unit/unit.c tests/unit/unit.h
tests_unit_libunit_a_CFLAGS = $(UNIT_CFLAGS)
EXTRA_DIST += tests/unit/run
LOG_COMPILER = $(srcdir)/tests/unit/run

# A folder, a program: test_<folder> runs the folder's cases.
include tests/unit/ground/local.mk
include tests/unit/kex/local.mk
include tests/unit/key/local.mk
include tests/unit/cipher/local.mk
include tests/unit/sftp/local.mk
include tests/unit/config/local.mk
include tests/unit/privsep/local.mk
include tests/unit/transport/local.mk
include tests/unit/channel/local.mk
include tests/unit/userauth/local.mk
include tests/unit/monitor/local.mk
include tests/unit/session/local.mk
include tests/unit/master/local.mk
include tests/unit/modules/local.mk
include tests/unit/recorder/local.mk
include tests/unit/ticketholder/local.mk

# Check forks for each case: what a sanitizer keeps of the parent's freed
# memory, each child would look through for leaks at its end.
AM_TESTS_ENVIRONMENT = \
	ASAN_OPTIONS="quarantine_size_mb=8$${ASAN_OPTIONS:+:$$ASAN_OPTIONS}"; \
	export ASAN_OPTIONS;
