# check_PROGRAMS += tests/unit/transport/test_transport
