noinst_LIBRARIES += config/libsettings.a
config_libsettings_a_SOURCES = config/config.h
