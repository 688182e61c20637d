# sallyportd_SOURCES += daemon/keyholder/....c
