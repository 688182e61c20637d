# check_PROGRAMS += tests/unit/channel/test_channel
