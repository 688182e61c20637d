noinst_LIBRARIES += privsep/libprivsep.a
privsep_libprivsep_a_SOURCES = \
	privsep/messages.h \
	privsep/slot.c privsep/slot.h \
	privsep/wall.c privsep/wall.h
