noinst_LIBRARIES += config/libsettings.a
config_libsettings_a_SOURCES = \
	config/bundle.h \
	config/config.h \
	config/load.h \
	config/policy.h \
	config/problem.h
