noinst_LIBRARIES += privsep/libprivsep.a
privsep_libprivsep_a_SOURCES =
