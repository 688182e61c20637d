check_PROGRAMS += tests/unit/ground/test_ground
TESTS += tests/unit/ground/test_ground
tests_unit_ground_test_ground_SOURCES = \
	tests/unit/ground/main.c \
	tests/unit/ground/suites.h \
	tests/unit/ground/audit_fill.c tests/unit/ground/audit_fill.h \
	tests/unit/ground/test_audit.c \
	tests/unit/ground/test_audit_netlink.c \
	tests/unit/ground/test_escape.c \
	tests/unit/ground/test_fd.c \
	tests/unit/ground/test_journal.c \
	tests/unit/ground/test_json.c \
	tests/unit/ground/test_json_read.c \
	tests/unit/ground/test_key_uses.c \
	tests/unit/ground/test_log.c \
	tests/unit/ground/test_loop.c \
	tests/unit/ground/test_match.c \
	tests/unit/ground/test_net.c \
	tests/unit/ground/test_proxy_header.c \
	tests/unit/ground/test_rd.c \
	tests/unit/ground/test_safefile.c \
	tests/unit/ground/test_sha256.c \
	tests/unit/ground/test_syslog_out.c
tests_unit_ground_test_ground_CFLAGS = $(UNIT_CFLAGS)
tests_unit_ground_test_ground_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_ground_test_ground_LDADD = lib/libground.a $(UNIT_LIBS)

# The classic sentences, as rsyslogd and fail2ban read them.
check_PROGRAMS += tests/unit/ground/audit_lines
tests_unit_ground_audit_lines_SOURCES = tests/unit/ground/audit_lines.c
tests_unit_ground_audit_lines_LDFLAGS = $(PROGRAM_LDFLAGS)
tests_unit_ground_audit_lines_LDADD = lib/libground.a
TESTS += tests/unit/ground/fail2ban.sh tests/unit/ground/hardening.sh
EXTRA_DIST += tests/unit/ground/fail2ban.sh tests/unit/ground/hardening.sh
