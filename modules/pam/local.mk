module_LTLIBRARIES += modules/pam/pam.la
modules_pam_pam_la_SOURCES = \
	modules/pam/conversation.c \
	modules/pam/handle.c \
	modules/pam/module.c \
	modules/pam/pam.h \
	modules/pam/phases.c
modules_pam_pam_la_LDFLAGS = $(MODULE_LDFLAGS)
modules_pam_pam_la_LIBADD = $(PAM_LIBS)
