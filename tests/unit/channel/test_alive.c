#include "tests/unit/channel/suites.h"

Suite *
suite_alive(void)
{
	return suite_create("alive");
}
