# A parser, a target: fuzz_<what>.c of at most a screen.  Under
# --enable-fuzzers (clang) they are libFuzzer programs, which `./dev fuzz`
# runs; otherwise replay.c runs them over their seeds in `make check`.
if FUZZERS
FUZZ_LDFLAGS = $(PROGRAM_LDFLAGS) -fsanitize=fuzzer
FUZZ_MAIN =
else
FUZZ_LDFLAGS = $(PROGRAM_LDFLAGS)
FUZZ_MAIN = tests/fuzz/replay.c
endif
FUZZ_TARGETS =
include tests/fuzz/ground/local.mk
include tests/fuzz/kex/local.mk
include tests/fuzz/key/local.mk
include tests/fuzz/cipher/local.mk
include tests/fuzz/sftp/local.mk
include tests/fuzz/config/local.mk
include tests/fuzz/ctl/local.mk
include tests/fuzz/wall/local.mk
include tests/fuzz/transport/local.mk
include tests/fuzz/channel/local.mk
include tests/fuzz/userauth/local.mk
include tests/fuzz/master/local.mk
include tests/fuzz/modules/local.mk
include tests/fuzz/recorder/local.mk
check_PROGRAMS += $(FUZZ_TARGETS)
if !FUZZERS
TESTS += $(FUZZ_TARGETS)
endif
EXTRA_DIST += tests/fuzz

.PHONY: fuzz-targets
fuzz-targets: $(FUZZ_TARGETS)
