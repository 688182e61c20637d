lib_ssh_libssh_a_SOURCES += \
	lib/ssh/digest.c lib/ssh/digest.h \
	lib/ssh/kex.h \
	lib/ssh/moduli.h
