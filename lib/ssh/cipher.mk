lib_ssh_libssh_a_SOURCES += \
	lib/ssh/cipher.c lib/ssh/cipher.h \
	lib/ssh/cipher_alg.c lib/ssh/cipher_alg.h lib/ssh/cipher_table.h \
	lib/ssh/cipher_mac.c \
	lib/ssh/umac.c lib/ssh/umac.h \
	lib/ssh/compress.c lib/ssh/compress.h \
	lib/ssh/kexinit.c lib/ssh/kexinit.h
