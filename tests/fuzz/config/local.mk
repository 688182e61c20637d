FUZZ_TARGETS += tests/fuzz/config/fuzz_compliance
tests_fuzz_config_fuzz_compliance_SOURCES = \
	tests/fuzz/config/fuzz_compliance.c $(FUZZ_MAIN)
tests_fuzz_config_fuzz_compliance_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_config_fuzz_compliance_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)

FUZZ_TARGETS += tests/fuzz/config/fuzz_config
tests_fuzz_config_fuzz_config_SOURCES = tests/fuzz/config/fuzz_config.c \
	$(FUZZ_MAIN)
tests_fuzz_config_fuzz_config_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_config_fuzz_config_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)

FUZZ_TARGETS += tests/fuzz/config/fuzz_import
tests_fuzz_config_fuzz_import_SOURCES = tests/fuzz/config/fuzz_import.c \
	$(FUZZ_MAIN)
tests_fuzz_config_fuzz_import_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_config_fuzz_import_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)

FUZZ_TARGETS += tests/fuzz/config/fuzz_trial
tests_fuzz_config_fuzz_trial_SOURCES = tests/fuzz/config/fuzz_trial.c \
	$(FUZZ_MAIN)
tests_fuzz_config_fuzz_trial_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_config_fuzz_trial_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)

FUZZ_TARGETS += tests/fuzz/config/fuzz_crypto_policy
tests_fuzz_config_fuzz_crypto_policy_SOURCES = \
	tests/fuzz/config/fuzz_crypto_policy.c $(FUZZ_MAIN)
tests_fuzz_config_fuzz_crypto_policy_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_config_fuzz_crypto_policy_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)

FUZZ_TARGETS += tests/fuzz/config/fuzz_timed
tests_fuzz_config_fuzz_timed_SOURCES = tests/fuzz/config/fuzz_timed.c \
	$(FUZZ_MAIN)
tests_fuzz_config_fuzz_timed_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_config_fuzz_timed_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)

FUZZ_TARGETS += tests/fuzz/config/fuzz_consent
tests_fuzz_config_fuzz_consent_SOURCES = tests/fuzz/config/fuzz_consent.c \
	$(FUZZ_MAIN)
tests_fuzz_config_fuzz_consent_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_config_fuzz_consent_LDADD = config/libsettings.a \
	lib/libground.a $(CONFIG_LIBS)
