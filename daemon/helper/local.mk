sallyportd_SOURCES += daemon/helper/main.c
