# lib_ssh_libssh_a_SOURCES += lib/ssh/kex.c lib/ssh/kex.h
