/*
 * Copying and switching off by the schema's types, for the loader and the
 * decision.
 */
#include "config/grants.h"

#include "config/options.h"

#include <string.h>

const enum grant grants_implied_off[GRANTS_IMPLIED] = {GRANT_pty, GRANT_agent,
    GRANT_x11, GRANT_tun, GRANT_local_forward, GRANT_remote_forward,
    GRANT_unix_local, GRANT_unix_remote};

static size_t
grant_size(const struct option *option)
{
	switch (option->type) {
	case OPTION_BOOL:
		return sizeof(bool);
	case OPTION_STRING:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_HOME_PATH:
		return sizeof(char *);
	case OPTION_SIZE:
		return sizeof(uint64_t);
	case OPTION_NUMBER:
	case OPTION_TIME:
	case OPTION_CHOICE:
	case OPTION_MODE:
		return sizeof(uint32_t);
	default:
		return sizeof(struct strings); /* any list */
	}
}

void
grant_copy(struct grants *to, const struct grants *from, enum grant grant)
{
	const struct option *option = option_of_grant(grant);

	memcpy((char *)to + option->offset, (const char *)from + option->offset,
	    grant_size(option));
	to->origins[grant] = from->origins[grant];
}

void
grant_switch_off(struct grants *grants, enum grant grant, struct origin origin)
{
	const struct option *option = option_of_grant(grant);

	memset((char *)grants + option->offset, 0, grant_size(option));
	grants->origins[grant] = origin;
}
