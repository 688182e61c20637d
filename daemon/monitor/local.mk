# sallyportd_SOURCES += daemon/monitor/....c
