noinst_LIBRARIES += lib/libground.a
lib_libground_a_SOURCES = \
	lib/buf.c lib/buf.h \
	lib/err.c lib/err.h \
	lib/mem.c lib/mem.h \
	lib/rd.c lib/rd.h \
	lib/secret.c lib/secret.h
