#include "tests/unit/session/suites.h"

Suite *
suite_reach(void)
{
	return suite_create("reach");
}
