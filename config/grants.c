/*
 * Copying and switching off by the schema's types, for the loader and the
 * decision.
 */
#include "config/grants.h"

#include "config/options.h"

#include <string.h>

#define IS(text)    0
#define TOP(member) sizeof(((struct config *)NULL)->member)
#define GRANT(name, type, low, high, flags, default, ...)           \
	_Static_assert((default) == 0 ||                            \
		(default) == sizeof(((struct grants *)NULL)->name), \
	    "the top-level key of " #name " has another type");
#include "config/policy/grants.h"
#undef IS
#undef TOP

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
	case OPTION_GRACE:
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

void
grant_defaults(struct grants *defaults, const struct config *config)
{
	const struct option *option;
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		option = option_of_grant(grant);
		if (option->top != 0)
			memcpy((char *)defaults + option->offset,
			    (const char *)config + option->top,
			    grant_size(option));
	}
}

bool
grant_forced_off(enum grant grant)
{
	return (option_of_grant(grant)->flags & OPTION_FORCED_OFF) != 0;
}
