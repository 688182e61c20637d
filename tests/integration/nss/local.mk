# A name service for test_nss.py; never installed.
check_LTLIBRARIES += tests/integration/nss/nss_sptest.la
tests_integration_nss_nss_sptest_la_SOURCES = tests/integration/nss/nss_sptest.c
tests_integration_nss_nss_sptest_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
