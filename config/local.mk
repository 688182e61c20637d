noinst_LIBRARIES += config/libsettings.a
config_libsettings_a_SOURCES = \
	config/algorithms.c config/algorithms.h \
	config/arena.c config/arena.h \
	config/bundle.c config/bundle.h \
	config/trial.c config/trial.h \
	config/choices.c config/choices.h \
	config/check.c config/check_calls.c config/check.h \
	config/compliance/banner.c config/compliance/banner.h \
	config/compliance/demand.c config/compliance/demand.h \
	config/compliance/files.c config/compliance/items.h \
	config/compliance/judge.c config/compliance/judge.h \
	config/compliance/look.c config/compliance/look.h \
	config/compliance/own.c config/compliance/own.h \
	config/compliance/report.c config/compliance/report.h \
	config/compliance/standing.c config/compliance/standing.h \
	config/compliance/tables.c config/compliance/tables.h \
	config/config.h \
	config/consent.c config/consent.h \
	config/crypto_policy.c config/crypto_policy.h \
	config/diff/boxes.c config/diff/boxes.h \
	config/diff/cells.c config/diff/cells.h \
	config/diff/classes.c config/diff/classes.h \
	config/diff/diff.c config/diff/diff.h \
	config/diff/examples.c config/diff/examples.h \
	config/diff/judge.c config/diff/judge.h \
	config/diff/moments.c \
	config/diff/outcome.c config/diff/outcome.h \
	config/diff/proofs.c config/diff/proofs.h \
	config/diff/relevant.c config/diff/relevant.h \
	config/diff/server.c config/diff/server.h \
	config/diff/starts.c config/diff/starts.h \
	config/diff/walk.c config/diff/walk.h \
	config/effective.c config/effective.h \
	config/effective_server.c config/effective_server.h \
	config/grants.c config/grants.h \
	config/check_sockets.c config/check_sockets.h \
	config/kerberos.c config/kerberos.h \
	config/load.c config/load.h \
	config/import.c config/import_blocks.c config/import.h config/importer.h \
	config/import_keys.c \
	config/import_algorithms.c config/import_grants.c config/import_match.c \
	config/import_sftp.c \
	config/import_modules.c config/import_read.c \
	config/import_overlays.c config/import_server.c \
	config/import_words.c \
	config/loader.h \
	config/manual.c config/manual.h \
	config/module_options.c config/module_options.h \
	config/check_file.c config/check_file.h \
	config/check_offers.c config/check_offers.h config/offers.c config/offers.h \
	config/option_find.c config/policy/grants.h \
	config/option_rows.h config/options.c config/options.h \
	config/parse.c config/parse.h \
	config/together.c \
	config/policy/chains.c \
	config/policy/channel.c config/policy/channel.h \
	config/policy/compose.c config/policy/compose.h \
	config/policy/decide.c config/policy/policy.h \
	config/policy/refuser.c \
	config/policy/enter.c \
	config/policy/explain.c \
	config/policy/forward.c config/policy/forward.h \
	config/policy/granted.c config/policy/granted.h \
	config/policy/idle.c \
	config/policy/match.c config/policy/match.h \
	config/policy/may.c \
	config/policy/narrow.c config/policy/narrow.h \
	config/policy/serves.c config/policy/serves.h \
	config/policy/start.c \
	config/policy/tighten.c \
	config/policy/tests.c config/policy/test_rows.h config/policy/tests.h \
	config/policy/time.c config/policy/time.h \
	config/policy/timed.c config/policy/timed.h \
	config/policy/unreachable.c \
	config/problem.c config/problem.h \
	config/reader.c config/reader.h \
	config/recording.c config/recording.h \
	config/rules.c config/rules_check.c \
	config/scan.c config/scan.h \
	config/sources.c config/sources.h \
	config/show.c config/show_tests.c config/show.h \
	config/tests.c \
	config/value.c

# The manual's option list: config/print_options packaging/man/sallyport.conf.5
EXTRA_PROGRAMS += config/print_options
config_print_options_SOURCES = config/print_options.c
config_print_options_LDFLAGS = $(PROGRAM_LDFLAGS)
config_print_options_LDADD = config/libsettings.a lib/libground.a \
	$(CONFIG_LIBS)
dist_man_MANS += packaging/man/sallyport.conf.5

# Documented profiles, drop-ins for policy.d.
examplesdir = $(docdir)/examples
dist_examples_DATA = config/examples/bastion.conf config/examples/cis.conf \
	config/examples/stig.conf
