lib_ssh_libssh_a_SOURCES += \
	lib/ssh/authorized_keys.h \
	lib/ssh/base64.h \
	lib/ssh/cert.h \
	lib/ssh/key.h \
	lib/ssh/key_alg.h \
	lib/ssh/key_private.h \
	lib/ssh/key_sign.h \
	lib/ssh/known_hosts.h \
	lib/ssh/krl.h
