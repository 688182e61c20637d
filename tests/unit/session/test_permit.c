#include "tests/unit/session/suites.h"

Suite *
suite_permit(void)
{
	return suite_create("permit");
}
