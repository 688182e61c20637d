#ifndef TESTS_UNIT_GROUND_SUITES_H
#define TESTS_UNIT_GROUND_SUITES_H

#include <check.h>

Suite *suite_audit(void);
Suite *suite_audit_netlink(void);
Suite *suite_escape(void);
Suite *suite_fd(void);
Suite *suite_journal(void);
Suite *suite_json(void);
Suite *suite_json_read(void);
Suite *suite_key_uses(void);
Suite *suite_log(void);
Suite *suite_loop(void);
Suite *suite_match(void);
Suite *suite_net(void);
Suite *suite_proxy_header(void);
Suite *suite_rd(void);
Suite *suite_safefile(void);
Suite *suite_sha256(void);
Suite *suite_syslog_out(void);

#endif
