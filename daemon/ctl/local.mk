# sallyportd_SOURCES += daemon/ctl/....c
