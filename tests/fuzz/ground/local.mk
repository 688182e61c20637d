FUZZ_TARGETS += tests/fuzz/ground/fuzz_key_uses
tests_fuzz_ground_fuzz_key_uses_SOURCES = tests/fuzz/ground/fuzz_key_uses.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_key_uses_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_key_uses_LDADD = lib/libground.a
FUZZ_TARGETS += tests/fuzz/ground/fuzz_rd
tests_fuzz_ground_fuzz_rd_SOURCES = tests/fuzz/ground/fuzz_rd.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_rd_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_rd_LDADD = lib/libground.a
FUZZ_TARGETS += \
	tests/fuzz/ground/fuzz_log \
	tests/fuzz/ground/fuzz_match \
	tests/fuzz/ground/fuzz_net \
	tests/fuzz/ground/fuzz_proxy_header
tests_fuzz_ground_fuzz_log_SOURCES = tests/fuzz/ground/fuzz_log.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_log_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_log_LDADD = lib/libground.a
tests_fuzz_ground_fuzz_match_SOURCES = tests/fuzz/ground/fuzz_match.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_match_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_match_LDADD = privsep/libprivsep.a lib/libground.a
tests_fuzz_ground_fuzz_net_SOURCES = tests/fuzz/ground/fuzz_net.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_net_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_net_LDADD = lib/libground.a
tests_fuzz_ground_fuzz_proxy_header_SOURCES = \
	tests/fuzz/ground/fuzz_proxy_header.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_proxy_header_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_proxy_header_LDADD = lib/libground.a
FUZZ_TARGETS += tests/fuzz/ground/fuzz_json_read
tests_fuzz_ground_fuzz_json_read_SOURCES = \
	tests/fuzz/ground/fuzz_json_read.c $(FUZZ_MAIN)
tests_fuzz_ground_fuzz_json_read_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ground_fuzz_json_read_LDADD = lib/libground.a
