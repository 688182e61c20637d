FUZZ_TARGETS += tests/fuzz/modules/fuzz_delegated \
	tests/fuzz/modules/fuzz_equiv \
	tests/fuzz/modules/fuzz_k5login \
	tests/fuzz/modules/fuzz_kbdint \
	tests/fuzz/modules/fuzz_key_output \
	tests/fuzz/modules/fuzz_principals \
	tests/fuzz/modules/fuzz_replay
FUZZ_PK_SOURCES = tests/fuzz/modules/stub.c tests/fuzz/modules/stub.h \
	modules/publickey/accept.c modules/publickey/cache.c \
	modules/publickey/expand.c modules/publickey/refusal.c \
	modules/publickey/source.c
FUZZ_PK_LIBS = lib/ssh/libssh.a lib/libground.a $(CRYPTO_LIBS)
tests_fuzz_modules_fuzz_delegated_SOURCES = \
	tests/fuzz/modules/fuzz_delegated.c daemon/ticketstore/delegated.c \
	$(FUZZ_MAIN)
tests_fuzz_modules_fuzz_delegated_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_modules_fuzz_delegated_LDADD = lib/libground.a
tests_fuzz_modules_fuzz_equiv_SOURCES = tests/fuzz/modules/fuzz_equiv.c \
	modules/hostbased/equiv.c $(FUZZ_MAIN)
tests_fuzz_modules_fuzz_equiv_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_modules_fuzz_equiv_LDADD = lib/libground.a
tests_fuzz_modules_fuzz_k5login_SOURCES = tests/fuzz/modules/fuzz_k5login.c \
	modules/gssapi/k5login.c $(FUZZ_MAIN)
tests_fuzz_modules_fuzz_k5login_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_modules_fuzz_k5login_LDADD = lib/libground.a
tests_fuzz_modules_fuzz_kbdint_SOURCES = tests/fuzz/modules/fuzz_kbdint.c \
	tests/fuzz/modules/no_monitor.c $(FUZZ_MAIN)
tests_fuzz_modules_fuzz_kbdint_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_modules_fuzz_kbdint_LDADD = daemon/monitor/libauth.a \
	modules/host/libhost.a \
	privsep/libprivsep.a config/libsettings.a $(FUZZ_PK_LIBS) \
	$(CONFIG_LIBS) $(SECCOMP_LIBS) $(ZLIB_LIBS)
tests_fuzz_modules_fuzz_key_output_SOURCES = \
	tests/fuzz/modules/fuzz_key_output.c modules/publickey/certs.c \
	$(FUZZ_PK_SOURCES) $(FUZZ_MAIN)
tests_fuzz_modules_fuzz_key_output_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_modules_fuzz_key_output_LDADD = $(FUZZ_PK_LIBS)
tests_fuzz_modules_fuzz_principals_SOURCES = \
	tests/fuzz/modules/fuzz_principals.c modules/publickey/keys.c \
	$(FUZZ_PK_SOURCES) $(FUZZ_MAIN)
tests_fuzz_modules_fuzz_principals_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_modules_fuzz_principals_LDADD = $(FUZZ_PK_LIBS)
tests_fuzz_modules_fuzz_replay_SOURCES = tests/fuzz/modules/fuzz_replay.c \
	daemon/ticketholder/replay.c $(FUZZ_MAIN)
tests_fuzz_modules_fuzz_replay_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_modules_fuzz_replay_LDADD = lib/libground.a
# Flags of their own: these objects are built by libtool elsewhere.
tests_fuzz_modules_fuzz_equiv_CFLAGS = $(AM_CFLAGS)
tests_fuzz_modules_fuzz_k5login_CFLAGS = $(AM_CFLAGS)
tests_fuzz_modules_fuzz_key_output_CFLAGS = $(AM_CFLAGS)
tests_fuzz_modules_fuzz_principals_CFLAGS = $(AM_CFLAGS)
