if TESTS_WANTED
include tests/unit/local.mk
include tests/integration/local.mk
endif
include tests/fuzz/local.mk
include tests/bench/local.mk
