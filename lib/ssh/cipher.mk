# lib_ssh_libssh_a_SOURCES += lib/ssh/cipher.c lib/ssh/cipher.h
