moduleincludedir = $(includedir)/sallyport
moduleinclude_HEADERS = modules/sallyport_module.h modules/sallyport_helper.h \
	modules/sallyport_ticket.h

EXTRA_DIST += modules/sallyport-modules.pc.in
pkgconfig_DATA = modules/sallyport-modules.pc
CLEANFILES += modules/sallyport-modules.pc
modules/sallyport-modules.pc: modules/sallyport-modules.pc.in Makefile
	$(AM_V_GEN)$(MKDIR_P) modules && sed \
	    -e 's|@prefix[@]|$(prefix)|' -e 's|@exec_prefix[@]|$(exec_prefix)|' \
	    -e 's|@libdir[@]|$(libdir)|' -e 's|@includedir[@]|$(includedir)|' \
	    -e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|' \
	    -e "s|@ABI[@]|`sed -n 's/^#define SALLYPORT_MODULE_ABI //p' $(srcdir)/modules/sallyport_module.h`|" \
	    $(srcdir)/modules/sallyport-modules.pc.in > $@

include modules/host/local.mk
include modules/pam/local.mk
include modules/publickey/local.mk
include modules/gssapi/local.mk
include modules/hostbased/local.mk
include modules/example/local.mk

EXTRA_DIST += doc/MODULES.md
dist_man_MANS += packaging/man/sallyport_auth_module.3 \
	packaging/man/sallyport-gssapi.5 packaging/man/sallyport-hostbased.5 \
	packaging/man/sallyport-pam.5 \
	packaging/man/sallyport-publickey.5
