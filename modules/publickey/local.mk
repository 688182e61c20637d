module_LTLIBRARIES += modules/publickey/publickey.la
modules_publickey_publickey_la_SOURCES = \
	modules/publickey/accept.c \
	modules/publickey/cache.c \
	modules/publickey/certs.c \
	modules/publickey/expand.c \
	modules/publickey/keys.c \
	modules/publickey/module.c \
	modules/publickey/publickey.h \
	modules/publickey/refusal.c \
	modules/publickey/revoked.c \
	modules/publickey/settings.c \
	modules/publickey/source.c
modules_publickey_publickey_la_LDFLAGS = $(MODULE_LDFLAGS)
modules_publickey_publickey_la_LIBADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS)
