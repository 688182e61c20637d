# Alone linked with Kerberos: a program of its own, so that no other process
# maps it (tests/integration/test_kerberos.py), in a package of its own.
if GSSAPI
libexec_PROGRAMS += sallyport-ticketholder
sallyport_ticketholder_SOURCES = \
	daemon/ticketholder/accept.c \
	daemon/ticketholder/configuration.c \
	daemon/ticketholder/keytab.c \
	daemon/ticketholder/main.c \
	daemon/ticketholder/replay.c daemon/ticketholder/replay.h \
	daemon/ticketholder/ticketholder.h
sallyport_ticketholder_CFLAGS = $(AM_CFLAGS) $(GSSAPI_CFLAGS)
# Found by libgssapi before libkrb5's (configuration.c).
sallyport_ticketholder_LDFLAGS = $(PROGRAM_LDFLAGS) \
	-Wl,--export-dynamic-symbol=krb5_init_context
sallyport_ticketholder_LDADD = privsep/libprivsep.a lib/libground.a \
	$(GSSAPI_LIBS) $(SECCOMP_LIBS)
endif
