moduleincludedir = $(includedir)/sallyport
moduleinclude_HEADERS = modules/sallyport_module.h

include modules/pam/local.mk
include modules/publickey/local.mk
include modules/hostbased/local.mk
include modules/example/local.mk
