# sallyportd_SOURCES += daemon/worker/....c
