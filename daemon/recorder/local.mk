# A library for the tests; the program takes the same sources.
noinst_LIBRARIES += daemon/recorder/librecorder.a
daemon_recorder_librecorder_a_SOURCES = \
	daemon/recorder/cast.c daemon/recorder/cast.h \
	daemon/recorder/legs.c \
	daemon/recorder/orders.c \
	daemon/recorder/quote.c daemon/recorder/quote.h \
	daemon/recorder/recorder.c daemon/recorder/recorder.h

# libcrypto for SHA-256: it has each processor's instructions, and two hashes
# over every byte would take a slow one half of the time.
libexec_PROGRAMS += sallyport-recorder
sallyport_recorder_SOURCES = daemon/recorder/main.c
sallyport_recorder_LDFLAGS = $(PROGRAM_LDFLAGS)
sallyport_recorder_LDADD = daemon/recorder/librecorder.a \
	privsep/libprivsep.a lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(SECCOMP_LIBS)
