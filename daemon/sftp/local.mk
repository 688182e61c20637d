# The server is a library: the session's child links it into sallyportd, the
# program wraps it, the tests drive it.
noinst_LIBRARIES += daemon/sftp/libsftp.a
daemon_sftp_libsftp_a_SOURCES = \
	daemon/sftp/attr.c \
	daemon/sftp/copy.c \
	daemon/sftp/digest.c daemon/sftp/digest.h \
	daemon/sftp/directory.c \
	daemon/sftp/file.c \
	daemon/sftp/handle.c daemon/sftp/handle.h \
	daemon/sftp/names.c daemon/sftp/names.h \
	daemon/sftp/peer.c \
	daemon/sftp/place.c daemon/sftp/place.h \
	daemon/sftp/proto.h \
	daemon/sftp/read.c \
	daemon/sftp/reply.c \
	daemon/sftp/request.c \
	daemon/sftp/server.c daemon/sftp/server.h \
	daemon/sftp/sftp.h \
	daemon/sftp/stage.c \
	daemon/sftp/text.c \
	daemon/sftp/tree.c \
	daemon/sftp/write.c

libexec_PROGRAMS += sallyport-sftp-server
sallyport_sftp_server_SOURCES = daemon/sftp/program.c
sallyport_sftp_server_LDFLAGS = $(PROGRAM_LDFLAGS)
sallyport_sftp_server_LDADD = daemon/sftp/libsftp.a lib/libground.a
dist_man_MANS += packaging/man/sallyport-sftp-server.8
EXTRA_DIST += tests/integration/sftp
