check_PROGRAMS += tests/unit/config/test_config
TESTS += tests/unit/config/test_config
tests_unit_config_test_config_SOURCES = \
	tests/unit/config/decide.c tests/unit/config/decide.h \
	tests/unit/config/main.c \
	tests/unit/config/suites.h \
	tests/unit/config/support.c tests/unit/config/support.h \
	tests/unit/config/test_bundle.c \
	tests/unit/config/test_check.c \
	tests/unit/config/test_compliance.c \
	tests/unit/config/test_consent.c \
	tests/unit/config/test_diff.c \
	tests/unit/config/test_grants_directory.c \
	tests/unit/config/test_guards.c \
	tests/unit/config/imported.c tests/unit/config/imported.h \
	tests/unit/config/test_import.c \
	tests/unit/config/test_import_file.c \
	tests/unit/config/test_load.c \
	tests/unit/config/test_manual.c \
	tests/unit/config/test_crypto_policy.c \
	tests/unit/config/test_offers.c \
	tests/unit/config/test_overlay_text.c \
	tests/unit/config/test_overlays.c \
	tests/unit/config/test_parse.c \
	tests/unit/config/test_policy.c \
	tests/unit/config/test_policy_forward.c \
	tests/unit/config/test_policy_may.c \
	tests/unit/config/test_scan.c \
	tests/unit/config/test_show.c \
	tests/unit/config/test_start.c \
	tests/unit/config/test_tests.c \
	tests/unit/config/test_timed.c \
	tests/unit/config/test_trial.c \
	tests/unit/config/test_unknown.c
tests_unit_config_test_config_CFLAGS = $(UNIT_CFLAGS) \
	-DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_unit_config_test_config_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_config_test_config_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS) $(UNIT_LIBS)

check_PROGRAMS += tests/unit/config/import_probe
tests_unit_config_import_probe_SOURCES = tests/unit/config/import_probe.c
tests_unit_config_import_probe_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_config_import_probe_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)
# Random sshd_configs against sshd -T -C; skipped without sshd or root.
dist_check_SCRIPTS = tests/unit/config/compare_import
TESTS += tests/unit/config/compare_import
EXTRA_DIST += $(wildcard $(srcdir)/tests/unit/config/sites/*.conf) \
	$(wildcard $(srcdir)/tests/unit/config/sites/*/*.conf)
