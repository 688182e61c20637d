#include "tests/unit/channel/suites.h"

Suite *
suite_flow(void)
{
	return suite_create("flow");
}
