/*
 * The messages by which an open connection is judged anew.  Part of
 * messages.h.
 *
 * A monitor hands the end of a wall of its own over the door that all monitors
 * of its generation share.  What it came in with lies in that wall already.  A
 * judge of the generation that serves (a short-lived fork of its monitor
 * template) reads it, decides, and answers.
 */
#ifndef PRIVSEP_MESSAGES_JUDGE_H
#define PRIVSEP_MESSAGES_JUDGE_H

#include "privsep/limits.h"

/* clang-format off */
/* Master to a monitor template; template_ready and orphans bring the judges'
 * end of its monitors' door. */
/* One descriptor: a generation's door, behind which open connections wait to
 * be judged anew (messages_judge.h). */
#define WALL_judge(F)
/* One descriptor, to write two numbers of 64 bits into: one that is another
 * when a file has changed that open connections are judged by, and when the
 * last of them was changed. */
#define WALL_look(F)

#define WALL_MONITORS_JUDGES(MSG) MSG(judge_me, ANY_STATE, 0, 1, no)
#define WALL_judge_me(F)

#define WALL_MONITOR_JUDGE(MSG)                     \
	MSG(judge_login, ANY_STATE, 1, 0, no)       \
	MSG(judge_key, ANY_STATE, WALL_JUDGE_KEYS, 0, no) \
	MSG(judge_now, ANY_STATE, 1, 0, judged)
/*
 * generation: whose policy is to judge.  round: what was looked up in another
 * one is not good for it.  methods: as they were walked, with
 * commas between.  rule: the one that let it in.  locked: the account was.
 */
#define WALL_judge_login(F)                                              \
	F(u32, generation, U32) F(u32, round, U32) F(text, user, SSH_USER_MAX) F(u32, uid, U32) \
	F(text, source, 64) F(text, listener, 64)                        \
	F(text, methods, WALL_LIST_MAX) F(text, principal, WALL_TEXT_MAX) \
	F(flag, delegated, 1) F(text, rule, 64) F(flag, locked, 1)       \
	F(text, key_command, WALL_LIST_MAX)
/* A key that it signed with: the last one last, those before in any order. */
#define WALL_judge_key(F)                                                \
	F(text, type, 64) F(text, algorithm, 64) F(text, fingerprint, 64) \
	F(text, source, 64) F(text, ca, 64) F(u32, bits, U32)            \
	F(flag, touched, 1) F(flag, verified, 1)                         \
	F(bytes, blob, SSH_KEY_BLOB_MAX)
#define WALL_judge_now(F)

#define WALL_JUDGE_MONITOR(MSG)                 \
	MSG(still_list, ANY_STATE, 0, 0, no)    \
	MSG(still_number, ANY_STATE, 0, 0, no)  \
	MSG(judged, ANY_STATE, 1, 0, no)        \
	MSG(judge_again, ANY_STATE, 1, 0, no)
/*
 * A grant that is asked while the connection is open, as the policy grants it
 * now: one of its lists (entries as SSH strings), or its number; and where
 * that was written.
 */
#define WALL_still_list(F)                                       \
	F(u32, grant, 255) F(bytes, entries, WALL_STILL_MAX)     \
	F(text, file, 4096) F(u32, line, U32)
#define WALL_still_number(F)                                     \
	F(u32, grant, 255) F(u64, number, U64)                   \
	F(text, file, 4096) F(u32, line, U32)
/*
 * verdict: enum judge_verdict.  refusal: enum refusal.  text: why.  rule: that
 * decided.  on_change: of the rule that let it in, as it is written now, with
 * overlays and guards.
 * until: seconds since 1970 at which a grant for a time ends, 0: none.
 * command, chroot: the policy's own, as a program started now would have them.
 */
#define WALL_judged(F)                                           \
	F(u8, verdict, 2) F(u32, refusal, 255)                   \
	F(text, text, WALL_TEXT_MAX) F(text, rule, 64)           \
	F(u32, on_change, U32) F(u64, until, U64)                \
	F(text, command, WALL_LIST_MAX) F(text, chroot, 4096)
/* Another generation serves by now: ask its judge. */
#define WALL_judge_again(F)

#define WALL_JUDGE_PATHS(PATH) \
	PATH(MONITORS_JUDGES) PATH(MONITOR_JUDGE) PATH(JUDGE_MONITOR)
#define WALL_JUDGE_MESSAGES(MSG) \
	WALL_MONITORS_JUDGES(MSG) WALL_MONITOR_JUDGE(MSG) \
	WALL_JUDGE_MONITOR(MSG)
/* clang-format on */

#endif
