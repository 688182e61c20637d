check_PROGRAMS += tests/unit/key/test_key
TESTS += tests/unit/key/test_key
tests_unit_key_test_key_SOURCES = \
	tests/unit/key/authenticator.c \
	tests/unit/key/authenticator.h \
	tests/unit/key/data.c \
	tests/unit/key/data.h \
	tests/unit/key/main.c \
	tests/unit/key/suites.h \
	tests/unit/key/test_authorized_keys.c \
	tests/unit/key/test_base64.c \
	tests/unit/key/test_cert.c \
	tests/unit/key/test_key.c \
	tests/unit/key/test_key_file.c \
	tests/unit/key/test_key_generate.c \
	tests/unit/key/test_known_hosts.c \
	tests/unit/key/test_krl.c \
	tests/unit/key/test_mldsa.c \
	tests/unit/key/test_signature.c \
	tests/unit/key/test_sshsig.c
tests_unit_key_test_key_CFLAGS = $(UNIT_CFLAGS)
tests_unit_key_test_key_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_key_test_key_LDADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(UNIT_LIBS)
EXTRA_DIST += tests/unit/key/data tests/unit/key/make-data.sh

# The keyholder, with the test in the place of daemon/start.c.
check_PROGRAMS += tests/unit/key/test_keyholder
TESTS += tests/unit/key/test_keyholder
tests_unit_key_test_keyholder_SOURCES = \
	daemon/keyholder/keyholder.c daemon/keyholder/keyholder.h \
	daemon/keyholder/keys.c \
	tests/unit/key/data.c \
	tests/unit/key/data.h \
	tests/unit/key/main_keyholder.c \
	tests/unit/key/rig_keyholder.c \
	tests/unit/key/rig_keyholder.h \
	tests/unit/key/suites.h \
	tests/unit/key/test_keyholder.c
tests_unit_key_test_keyholder_CFLAGS = $(UNIT_CFLAGS)
tests_unit_key_test_keyholder_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_key_test_keyholder_LDADD = privsep/libprivsep.a \
	lib/ssh/libssh.a lib/libground.a $(SECCOMP_LIBS) $(CRYPTO_LIBS) \
	$(UNIT_LIBS)
