/*
 * The one table of error codes.  Functions return 0 or one of these
 * negative values; verdicts, which have a zero of their own, are not errors.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#define ERR_LIST(E)                                            \
	E(E_TRUNCATED, "data ends in the middle of a field")   \
	E(E_TRAILING, "data after the last field")             \
	E(E_TOO_LARGE, "larger than its limit")                \
	E(E_FORMAT, "malformed")                               \
	E(E_VALUE, "value out of range")                       \
	E(E_UNSUPPORTED, "not supported")                      \
	E(E_NOT_FOUND, "not found")                            \
	E(E_EXISTS, "exists already")                          \
	E(E_DENIED, "not permitted")                           \
	E(E_STATE, "not legal in this state")                  \
	E(E_LIMIT, "limit reached")                            \
	E(E_CRYPTO, "cryptographic library failed")            \
	E(E_SIGNATURE, "signature does not verify")            \
	E(E_MAC, "message authentication code does not match") \
	E(E_KEY_LENGTH, "key is too short")                    \
	E(E_PASSPHRASE, "key is protected by a passphrase")    \
	E(E_REVOKED, "revoked")                                \
	E(E_EXPIRED, "outside its validity interval")          \
	E(E_NO_MATCH, "no common algorithm")                   \
	E(E_PERMISSIONS, "bad ownership or modes")             \
	E(E_SYSTEM, "system call failed")                      \
	E(E_CLOSED, "closed by the peer")                      \
	E(E_AGAIN, "would block")                              \
	E(E_TIMEOUT, "timed out")                              \
	E(E_INTERNAL, "internal error")

#define ERR_ORDINAL(name, text) name##_ORDINAL,
enum err_ordinal { E_OK_ORDINAL, ERR_LIST(ERR_ORDINAL) ERR_COUNT };
#undef ERR_ORDINAL

#define ERR_CODE(name, text) name = -(int)name##_ORDINAL,
enum err { ERR_LIST(ERR_CODE) E_OK = 0 };
#undef ERR_CODE

/*
 * The text for a code, for logs.  Never NULL; an unknown code has a text of
 * its own.  E_SYSTEM says nothing of errno: callers add strerror() themselves.
 */
const char *err_text(int err);

#endif
