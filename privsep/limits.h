/*
 * Limits that several messages of the wall share, in bytes unless they say
 * otherwise.  Part of messages.h.
 */
#ifndef PRIVSEP_LIMITS_H
#define PRIVSEP_LIMITS_H

#include <stdint.h>

#define WALL_SHARE_MAX	      2112 /* a key exchange share, DH of 16384 bits */
#define WALL_METHODS_MAX      256 /* a list of method names */
#define WALL_TEXT_MAX	      1024 /* a sentence */
#define WALL_ASK_MAX	      65536 /* all prompts or all answers of one round */
#define WALL_BANNER_MAX	      (128 * 1024) /* or what PAM says, together */
#define WALL_HOST_MAX	      1025 /* NI_MAXHOST */
#define WALL_PATH_MAX	      108 /* sun_path */
#define WALL_KEYS_MAX	      65536 /* host public keys together */
#define WALL_ENV_MAX	      (176 * 1024) /* with SSH_ORIGINAL_COMMAND */
#define WALL_ADDRESSES_MAX    336 /* lib/addresses.h, ADDRESSES_MAX of them */
#define WALL_LIST_MAX	      32768 /* a list of the policy: CONFIG_CHANNELS_MAX */
#define WALL_TOKEN_MAX	      65536 /* of GSS-API: a PAC makes it large */
#define WALL_HELPER_MAX	      65536 /* asked of a module's helper, or answered */
#define WALL_DELEGATED_MAX    (128 * 1024) /* tickets with their keys */
#define WALL_JUDGE_KEYS	      16 /* keys that one login signed with */
#define WALL_STILL_MAX	      (128 * 1024) /* entries of a list of the policy */
#define WALL_MODULI_MAX	      (128 * 1024) /* groups, as text of moduli(5) */
#define WALL_OFFERS_MAX	      65 /* CONFIG_LISTENERS_MAX and the top level's */
#define WALL_MODES_MAX	      2048 /* terminal modes, as a client encodes them */
#define WALL_SELFTEST_KEY_MAX 1024 /* the public key of a self-test */
#define WALL_HEADER_MAX	      (128 * 1024) /* a recording's first line */
#define PORT_MAX	      65535
#define U32		      UINT32_MAX
#define U64		      UINT64_MAX

#endif
