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
		    words, -1, TIGHTEN_NEVER, help                           \
	}
#define AT(member) offsetof(struct config, member)
#define S(name, member, type, low, high, flags, text, words, help)          \
	ROW(SECTION_SERVER, name, type, AT(member), low, high, flags, text, \
	    words, help)
#define G(name, type, low, high, flags, text, words, tight, help)          \
	{                                                                  \
		SECTION_GRANT, #name, OPTION_##type,                       \
		    offsetof(struct grants, name), low, high, flags, text, \
		    words, GRANT_##name, TIGHTEN_##tight, help             \
	}
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
