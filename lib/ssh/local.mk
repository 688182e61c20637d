noinst_LIBRARIES += lib/ssh/libssh.a
lib_ssh_libssh_a_SOURCES = lib/ssh/ssh2.h lib/ssh/sftp_event.h \
	lib/ssh/modes.c lib/ssh/modes.h
include lib/ssh/kex.mk
include lib/ssh/key.mk
include lib/ssh/cipher.mk
