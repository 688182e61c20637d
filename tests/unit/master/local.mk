check_PROGRAMS += tests/unit/master/test_master
TESTS += tests/unit/master/test_master
tests_unit_master_test_master_SOURCES = tests/unit/master/test_penalty.c
tests_unit_master_test_master_CFLAGS = $(UNIT_CFLAGS)
tests_unit_master_test_master_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_master_test_master_LDADD = $(DAEMON_LIBS) $(UNIT_LIBS) \
	$(CRYPTO_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) $(ZLIB_LIBS)
