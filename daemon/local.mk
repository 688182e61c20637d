sbin_PROGRAMS += sallyportd
sallyportd_SOURCES = daemon/main.c \
	daemon/effective.c daemon/effective.h daemon/syslog.c
# Found by pam_wtmpdb before its library's (privsep/wtmpdb.c).
sallyportd_LDFLAGS = $(PROGRAM_LDFLAGS) \
	-Wl,--export-dynamic-symbol=logwtmpdb \
	-Wl,--export-dynamic-symbol=wtmpdb_logout
# Order is the arrows' order, from the roof to the ground.
# Of libsftp, sallyportd takes peer.o alone.
DAEMON_LIBS = daemon/sftp/libsftp.a modules/host/libhost.a privsep/libprivsep.a \
	config/libsettings.a lib/ssh/libssh.a lib/libground.a
sallyportd_LDADD = daemon/monitor/libauth.a daemon/worker/libworker.a \
	daemon/worker/channel/libchannel.a $(DAEMON_LIBS) $(CRYPTO_LIBS) $(CONFIG_LIBS) \
	$(SECCOMP_LIBS) $(ZLIB_LIBS)
if SANITIZERS
# ASan looks for crypt(3) when the program starts; PAM's modules call it.
sallyportd_LDFLAGS += -Wl,--no-as-needed
sallyportd_LDADD += $(CRYPT_LIBS)
endif

include daemon/master/local.mk
include daemon/keyholder/local.mk
include daemon/ticketholder/local.mk
include daemon/helper/local.mk
include daemon/ticketstore/local.mk
include daemon/monitor/local.mk
include daemon/worker/local.mk
include daemon/worker/transport/local.mk
include daemon/worker/userauth/local.mk
include daemon/worker/channel/local.mk
include daemon/session/local.mk
include daemon/recorder/local.mk
include daemon/sftp/local.mk
include daemon/ctl/local.mk
