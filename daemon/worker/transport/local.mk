# sallyportd_SOURCES += daemon/worker/transport/....c
