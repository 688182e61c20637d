sbin_PROGRAMS += sallyportctl
sallyportctl_SOURCES = \
	daemon/ctl/client.c daemon/ctl/client.h \
	daemon/ctl/ctl.c daemon/ctl/ctl.h \
	daemon/ctl/hostkeys.c \
	daemon/ctl/offline.c \
	daemon/ctl/record.c daemon/ctl/record.h \
	daemon/ctl/server.c
sallyportctl_LDFLAGS = $(PROGRAM_LDFLAGS)
sallyportctl_LDADD = config/libsettings.a lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS) $(CONFIG_LIBS) $(ZLIB_LIBS)
