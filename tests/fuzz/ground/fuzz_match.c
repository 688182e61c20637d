/*
 * Pattern lists: text, NUL, list.  A negated match must never say yes.
 */
#include "lib/match.h"
#include "lib/mem.h"
#include "privsep/glob_files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);
	size_t len = strlen(text);
	const char *list = len < size ? &text[len + 1] : "";
	struct net_address a = {.family = size % 2 ? NET_V4 : NET_V6};
	char *negated;

	memcpy(a.bytes, data, size < 16 ? size : 16);
	(void)match_host_list(text, &a, list);
	(void)match_address_list(&a, list);
	(void)match_check_host_list(list);
	(void)match_pattern(text, list, MATCH_NOCASE);
	(void)glob_matches(text, list, strlen(list));
	negated = mem_printf("%s,!%s", list, text);
	if (strpbrk(text, "*?,!") == NULL && text[0] != '\0' &&
	    match_list(text, negated, 0) == MATCH_YES)
		abort();
	free(negated);
	free(text);
	return 0;
}
