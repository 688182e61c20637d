# sallyportd_SOURCES += daemon/worker/channel/....c
