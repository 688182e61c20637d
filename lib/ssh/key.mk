# lib_ssh_libssh_a_SOURCES += lib/ssh/key.c lib/ssh/key.h
