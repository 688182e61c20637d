# sallyportd_SOURCES += daemon/session/....c
