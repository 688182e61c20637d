check_PROGRAMS += tests/unit/modules/test_modules
TESTS += tests/unit/modules/test_modules tests/unit/modules/test_examples.sh \
	tests/unit/modules/test_useful.sh
EXTRA_DIST += tests/unit/modules/test_examples.sh \
	tests/unit/modules/test_useful.sh
tests_unit_modules_test_modules_SOURCES = \
	tests/unit/modules/fake.c tests/unit/modules/fake.h \
	tests/unit/modules/key_login.c tests/unit/modules/key_login.h \
	tests/unit/modules/main.c \
	tests/unit/modules/suites.h \
	tests/unit/modules/test_certificates.c \
	tests/unit/modules/test_chain.c \
	tests/unit/modules/test_errand.c \
	tests/unit/modules/test_contract.c \
	tests/unit/modules/test_decoy.c \
	tests/unit/modules/test_example.c \
	tests/unit/modules/test_glob.c \
	tests/unit/modules/test_gssapi.c \
	tests/unit/modules/test_host.c \
	tests/unit/modules/test_hostbased.c \
	tests/unit/modules/test_isolation.c \
	tests/unit/modules/test_light_child.c \
	tests/unit/modules/test_pam.c \
	tests/unit/modules/test_publickey.c \
	tests/unit/modules/test_stages.c \
	tests/unit/modules/test_state.c
tests_unit_modules_test_modules_CFLAGS = $(UNIT_CFLAGS)
tests_unit_modules_test_modules_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_modules_test_modules_LDADD = daemon/monitor/libauth.a \
	modules/host/libhost.a \
	privsep/libprivsep.a config/libsettings.a lib/ssh/libssh.a \
	lib/libground.a $(CRYPTO_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) \
	$(ZLIB_LIBS) $(UNIT_LIBS)

# Modules for tests: shared objects that are not installed.
TEST_MODULE_LDFLAGS = $(MODULE_LDFLAGS) -rpath /nowhere
check_LTLIBRARIES += tests/unit/modules/module_test.la \
	tests/unit/modules/module_hostile.la \
	tests/unit/modules/module_bad_abi.la \
	tests/unit/modules/module_bad_size.la \
	tests/unit/modules/module_newer.la \
	tests/unit/modules/module_bad_symbol.la
tests_unit_modules_module_test_la_SOURCES = tests/unit/modules/module_test.c
tests_unit_modules_module_test_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_unit_modules_module_hostile_la_SOURCES = \
	tests/unit/modules/module_hostile.c
tests_unit_modules_module_hostile_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_unit_modules_module_bad_abi_la_SOURCES = \
	tests/unit/modules/module_bad_abi.c
tests_unit_modules_module_bad_abi_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_unit_modules_module_bad_size_la_SOURCES = \
	tests/unit/modules/module_bad_size.c
tests_unit_modules_module_bad_size_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_unit_modules_module_newer_la_SOURCES = \
	tests/unit/modules/module_bad_size.c
tests_unit_modules_module_newer_la_CPPFLAGS = $(AM_CPPFLAGS) -DNEWER
tests_unit_modules_module_newer_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_unit_modules_module_bad_symbol_la_SOURCES = \
	tests/unit/modules/module_bad_symbol.c
tests_unit_modules_module_bad_symbol_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)

# Modules that are of use, by the header alone: test_useful.sh.
check_LTLIBRARIES += tests/unit/modules/module_site.la \
	tests/unit/modules/module_totp.la tests/unit/modules/module_risk.la
tests_unit_modules_module_site_la_SOURCES = tests/unit/modules/module_site.c
tests_unit_modules_module_site_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_unit_modules_module_totp_la_SOURCES = tests/unit/modules/module_totp.c
tests_unit_modules_module_totp_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
tests_unit_modules_module_totp_la_LIBADD = $(CRYPTO_LIBS)
tests_unit_modules_module_risk_la_SOURCES = tests/unit/modules/module_risk.c
tests_unit_modules_module_risk_la_LDFLAGS = $(TEST_MODULE_LDFLAGS)
