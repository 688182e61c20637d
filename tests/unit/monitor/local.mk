# check_PROGRAMS += tests/unit/monitor/test_monitor
