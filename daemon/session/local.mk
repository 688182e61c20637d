# A library for the tests; the program takes the same sources.
SESSION_SOURCES = \
	daemon/session/child.c \
	daemon/session/chroot.c \
	daemon/session/inside.h \
	daemon/session/listen.c \
	daemon/session/listener.h \
	daemon/session/local_socket.c \
	daemon/session/locate.c \
	daemon/session/lookup.c \
	daemon/session/program.c \
	daemon/session/rc.c \
	daemon/session/reach.c \
	daemon/session/resolve.c daemon/session/resolve.h \
	daemon/session/selftest.c daemon/session/selftest.h \
	daemon/session/session.c daemon/session/session.h \
	daemon/session/x11.c
noinst_LIBRARIES += daemon/session/libsession.a
daemon_session_libsession_a_SOURCES = $(SESSION_SOURCES)

# libc alone (tests/unit/ground/hardening.sh).
libexec_PROGRAMS += sallyport-session
sallyport_session_SOURCES = daemon/session/main.c
sallyport_session_LDFLAGS = $(PROGRAM_LDFLAGS)
sallyport_session_LDADD = daemon/session/libsession.a daemon/sftp/libsftp.a \
	privsep/libprivsep.a lib/libground.a
