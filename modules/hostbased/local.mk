module_LTLIBRARIES += modules/hostbased/hostbased.la
modules_hostbased_hostbased_la_SOURCES = \
	modules/hostbased/equiv.c \
	modules/hostbased/hostbased.h \
	modules/hostbased/known.c \
	modules/hostbased/module.c \
	modules/hostbased/names.c
modules_hostbased_hostbased_la_LDFLAGS = $(MODULE_LDFLAGS)
modules_hostbased_hostbased_la_LIBADD = lib/ssh/libssh.a lib/libground.a \
	$(CRYPTO_LIBS)
