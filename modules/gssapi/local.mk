# Without a Kerberos library: that is the ticketholder's alone.
if GSSAPI
module_LTLIBRARIES += modules/gssapi/gssapi.la
endif
modules_gssapi_gssapi_la_SOURCES = \
	modules/gssapi/gssapi.h \
	modules/gssapi/k5login.c \
	modules/gssapi/module.c
modules_gssapi_gssapi_la_LDFLAGS = $(MODULE_LDFLAGS)
modules_gssapi_gssapi_la_LIBADD = lib/libground.a
