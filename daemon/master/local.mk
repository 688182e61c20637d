# sallyportd_SOURCES += daemon/master/....c
