# check_PROGRAMS += tests/unit/sftp/test_sftp
