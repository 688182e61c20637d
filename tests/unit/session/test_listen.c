#include "tests/unit/session/suites.h"

Suite *
suite_listen(void)
{
	return suite_create("listen");
}
