# sallyportd_SOURCES += daemon/worker/userauth/....c
