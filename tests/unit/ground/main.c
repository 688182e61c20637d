/*
 * Runs the cases of lib/.
 */
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(suite_rd());

	unit_scratch(false);
	srunner_add_suite(runner, suite_audit());
	srunner_add_suite(runner, suite_audit_netlink());
	srunner_add_suite(runner, suite_escape());
	srunner_add_suite(runner, suite_fd());
	srunner_add_suite(runner, suite_journal());
	srunner_add_suite(runner, suite_json());
	srunner_add_suite(runner, suite_json_read());
	srunner_add_suite(runner, suite_key_uses());
	srunner_add_suite(runner, suite_log());
	srunner_add_suite(runner, suite_loop());
	srunner_add_suite(runner, suite_match());
	srunner_add_suite(runner, suite_net());
	srunner_add_suite(runner, suite_proxy_header());
	srunner_add_suite(runner, suite_safefile());
	srunner_add_suite(runner, suite_sha256());
	srunner_add_suite(runner, suite_syslog_out());
	return unit_run(runner);
}
