# The daemon with a worker that a test speaks through; never installed.
check_PROGRAMS += tests/integration/evil/sallyportd-evil
tests_integration_evil_sallyportd_evil_SOURCES = $(sallyportd_SOURCES) \
	tests/integration/evil/evil.c \
	tests/integration/evil/header.c \
	tests/unit/privsep/sample.c tests/unit/privsep/sample.h
tests_integration_evil_sallyportd_evil_LDFLAGS = $(sallyportd_LDFLAGS) \
	-Wl,--wrap=worker_run -Wl,--wrap=header_run
tests_integration_evil_sallyportd_evil_LDADD = $(sallyportd_LDADD)
