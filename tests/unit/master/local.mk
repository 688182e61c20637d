check_PROGRAMS += tests/unit/master/test_master
TESTS += tests/unit/master/test_master
tests_unit_master_test_master_SOURCES = \
	daemon/master/admit.c daemon/master/parting.c \
	daemon/master/carry_child.c \
	daemon/master/carry_helpers.c \
	daemon/master/child.c \
	daemon/master/connection.c \
	daemon/master/ledger.c \
	daemon/master/generation.c \
	daemon/master/helpers.c \
	daemon/master/listen.c \
	daemon/master/loading.c \
	daemon/master/lobby.c \
	daemon/master/proxied.c \
	daemon/master/offers.c \
	daemon/master/orphans.c \
	daemon/master/sweep.c \
	daemon/master/tickets.c \
	tests/unit/master/main.c \
	tests/unit/master/rig.c \
	tests/unit/master/rig.h \
	tests/unit/master/suites.h \
	tests/unit/master/test_admit.c \
	tests/unit/master/test_crowd.c \
	tests/unit/master/test_judging.c \
	tests/unit/master/test_listen.c \
	tests/unit/master/test_penalty.c \
	tests/unit/master/test_sweep.c
tests_unit_master_test_master_CFLAGS = $(UNIT_CFLAGS)
tests_unit_master_test_master_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_master_test_master_LDADD = $(DAEMON_LIBS) $(UNIT_LIBS) \
	$(CRYPTO_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) $(ZLIB_LIBS)
