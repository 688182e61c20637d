/*
 * Texts of the error codes, for every process.
 */
#include "lib/err.h"

#include <stddef.h>

#define ERR_TEXT(name, text) [name##_ORDINAL] = (text),
static const char *const texts[ERR_COUNT] = {
    [E_OK_ORDINAL] = "no error", ERR_LIST(ERR_TEXT)};
#undef ERR_TEXT

const char *
err_text(int err)
{
	if (err > 0 || err <= -(int)ERR_COUNT)
		return "unknown error";
	return texts[-err];
}
