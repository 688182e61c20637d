/*
 * The messages of a module's helper process.  Part of messages.h.
 *
 * A monitor hands the helper the end of a wall of its own (`consult`, over
 * the door of that helper), with one request in it: an answer can reach no
 * other monitor.  The helper is code by strangers: what it sends is judged as
 * a worker's messages are.
 */
#ifndef PRIVSEP_MESSAGES_HELPER_H
#define PRIVSEP_MESSAGES_HELPER_H

/* clang-format off */
#define WALL_MONITOR_HELPER(MSG) \
	MSG(helper_request, ANY_STATE, 1, 0, helper_answer)
/* patience: milliseconds until nobody waits for the answer any more. */
#define WALL_helper_request(F) \
	F(u32, patience, U32) F(bytes, data, WALL_HELPER_MAX)

#define WALL_HELPER_MONITOR(MSG) MSG(helper_answer, ANY_STATE, 1, 0, no)
#define WALL_helper_answer(F) F(bytes, data, WALL_HELPER_MAX)

/* Each option of the module, then its name and its file. */
#define WALL_MASTER_HELPER(MSG)                     \
	MSG(helper_option, ANY_STATE, 4096, 0, no) \
	MSG(helper_begin, ANY_STATE, 1, 0, helper_ready)
#define WALL_helper_option(F)                                   \
	F(text, key, 4096) F(text, value, WALL_HELPER_MAX)      \
	F(text, file, 4096) F(u32, line, U32)
#define WALL_helper_begin(F) F(text, module, 64) F(text, file, 4096)

#define WALL_HELPER_MASTER(MSG)                  \
	MSG(helper_ready, ANY_STATE, 1, 0, no)   \
	MSG(helper_failed, ANY_STATE, 1, 0, no)  \
	MSG(helper_count, ANY_STATE, 0, 0, no)   \
	MSG(helper_log, ANY_STATE, 0, 0, no)
/* It asks for its first request. */
#define WALL_helper_ready(F)
#define WALL_helper_failed(F) F(text, text, WALL_TEXT_MAX)
/* Requests that it has taken and answered, for sallyportctl status. */
#define WALL_helper_count(F) F(u64, taken, U64) F(u64, answered, U64)
/* level: enum sallyport_log. */
#define WALL_helper_log(F) F(choice, level, LOG_LEVEL_COUNT) F(text, line, WALL_TEXT_MAX)

/* To the master: a module that has a helper; from it: the door. */
#define WALL_helper_wanted(F) F(text, module, 64) F(text, file, 4096)
#define WALL_helper_door(F) F(text, module, 64)

#define WALL_HELPER_PATHS(PATH) \
	PATH(MONITOR_HELPER) PATH(HELPER_MONITOR) \
	PATH(MASTER_HELPER) PATH(HELPER_MASTER)
#define WALL_HELPER_MESSAGES(MSG)                     \
	WALL_MONITOR_HELPER(MSG) WALL_HELPER_MONITOR(MSG) \
	WALL_MASTER_HELPER(MSG) WALL_HELPER_MASTER(MSG)
/* clang-format on */

#endif
