# A PAM module and a counter for test_pam_faults.py; never installed.
check_LTLIBRARIES += tests/integration/pam/pam_probe.la \
	tests/integration/pam/pam_count.la
tests_integration_pam_pam_probe_la_SOURCES = tests/integration/pam/pam_probe.c
tests_integration_pam_pam_probe_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_integration_pam_pam_probe_la_LIBADD = $(PAM_LIBS)
tests_integration_pam_pam_count_la_SOURCES = tests/integration/pam/pam_count.c
tests_integration_pam_pam_count_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
