sallyportd_SOURCES += \
	daemon/keyholder/keyholder.c daemon/keyholder/keyholder.h \
	daemon/keyholder/keys.c
