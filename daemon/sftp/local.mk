# sallyportd_SOURCES += daemon/sftp/....c
