#include "tests/unit/channel/suites.h"

Suite *
suite_forward(void)
{
	return suite_create("forward");
}
