/*
 * Macros for the rows of config/options.c; for that file alone.
 */
#ifndef CONFIG_OPTION_ROWS_H
#define CONFIG_OPTION_ROWS_H

#define MINUTE 60
#define HOUR   3600
#define DAY    86400
#define YEAR   (366 * DAY)

#define ROW(section, name, type, where, low, high, flags, text, words, help) \
	{                                                                    \
		section, name, OPTION_##type, where, low, high, flags, text, \
		    words, -1, TIGHTEN_NEVER, 0, help                        \
	}
#define AT(member) offsetof(struct config, member)
#define S(name, member, type, low, high, flags, text, words, help)          \
	ROW(SECTION_SERVER, name, type, AT(member), low, high, flags, text, \
	    words, help)
#define L(name, member, type, low, high, help)                               \
	ROW(SECTION_LISTENER, name, type, offsetof(struct listener, member), \
	    low, high, 0, NULL, NULL, help)
#define GRANT(                                                             \
    key, kind, low, high, bits, default, words, tight, forced, file, text) \
	{.section = SECTION_GRANT,                                         \
	    .name = #key,                                                  \
	    .type = OPTION_##kind,                                         \
	    .offset = offsetof(struct grants, key),                        \
	    .min = low,                                                    \
	    .max = high,                                                   \
	    .flags = (bits) | FORCED_##forced,                             \
	    default,                                                       \
	    .choices = words,                                              \
	    .grant = GRANT_##key,                                          \
	    .tighten = TIGHTEN_##tight,                                    \
	    .help = text},
#define IS(text)    .fallback = text
#define TOP(member) .top = offsetof(struct config, member)
#define FORCED_OFF  OPTION_FORCED_OFF
#define FORCED_KEEP 0
#define M(name, member, type, help)                                            \
	ROW(SECTION_MATCH, name, type, offsetof(struct rule_match, member), 0, \
	    0, 0, NULL, NULL, help)
#define GM(name, member, type, help)         \
	ROW(SECTION_GUARD_MATCH, name, type, \
	    offsetof(struct rule_match, member), 0, 0, 0, NULL, NULL, help)
#define T(name, member, type, low, high, flags, text, words, help)          \
	ROW(SECTION_TEST, name, type, offsetof(struct policy_test, member), \
	    low, high, flags, text, words, help)
#define NONE	 OPTION_NONE_OK
#define REQUIRED OPTION_REQUIRED
#define JOINS	 OPTION_JOINS

#endif
