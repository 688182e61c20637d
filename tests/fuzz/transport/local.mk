# EXTRA_PROGRAMS += fuzz_...; see tests/fuzz/ground/local.mk
