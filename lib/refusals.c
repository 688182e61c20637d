/*
 * The rows of lib/refusals.h as a table.
 */
#include "lib/refusals.h"

#include <stddef.h>

#define IS_POLICY true
#define IS_LOGIN  false
#define BY_DENY	  true
#define BY_OWN	  false
#define ROW(kind, code, event, sentence, sshd, owner, remedy) \
	[REFUSAL_##code] = {                                  \
	    #code, sentence, sshd, owner, remedy, IS_##kind, BY_##event},

const struct refusal_row refusals[REFUSAL_COUNT] = {
    [REFUSAL_none] = {"none", "policy refuses", NULL, NULL, NULL, false, true},
    REFUSAL_LIST(ROW)};
