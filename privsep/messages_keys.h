/*
 * The wall's messages to and from the keyholder; see privsep/messages.h, which
 * includes this and explains the form.
 */
#ifndef PRIVSEP_MESSAGES_KEYS_H
#define PRIVSEP_MESSAGES_KEYS_H

#include "lib/ssh/sshsig.h"

/* clang-format off */

/* Monitor to keyholder, and back.  key: index of the host key. */
#define WALL_MONITOR_KEYHOLDER(MSG)              \
	MSG(sign, ANY_STATE, 0, 0, signature)    \
	MSG(attest, ANY_STATE, 0, 0, attestation)
#define WALL_sign(F) \
	F(u32, key, 255) F(text, algorithm, 64) F(bytes, data, SSH_KEY_BLOB_MAX)
/*
 * A signature as ssh-keygen -Y verify takes it (PROTOCOL.sshsig) over a
 * recording's manifest, of which the keyholder is told the SHA-512 alone: it
 * makes what is signed itself, in the one namespace of recordings.
 */
#define WALL_attest(F) F(bytes, hash, SSHSIG_HASH)
#define WALL_KEYHOLDER_MONITOR(MSG)              \
	MSG(signature, ANY_STATE, 0, 0, no)      \
	MSG(attestation, ANY_STATE, 0, 0, no)
/* Empty: could not sign. */
#define WALL_signature(F) F(bytes, signature, SSH_SIGNATURE_MAX)
#define WALL_attestation(F) F(bytes, blob, SSHSIG_MAX)

/* Master to its children of a generation. */
#define WALL_MASTER_KEYHOLDER(MSG) \
	MSG(attend, ANY_STATE, 0, 1, no) MSG(retire, ANY_STATE, 0, 0, no) \
	MSG(checkpoint, ANY_STATE, 0, 0, checkpoint_signed)
/* A monitor's end comes: one descriptor, the keyholder's end; and the keys
 * that its listener offers, a bit each: nothing is signed with another. */
#define WALL_attend(F) F(u32, keys, U32)
#define WALL_retire(F) /* the last connection has ended */
/* As attest, in the namespace of the log's checkpoints. */
#define WALL_checkpoint(F) F(u32, number, U32) F(bytes, hash, SSHSIG_HASH)

#define WALL_KEYHOLDER_MASTER(MSG)           \
	MSG(host_key, ANY_STATE, 64, 0, no)  \
	MSG(keys_ready, ANY_STATE, 1, 0, no) MSG(keys_failed, ANY_STATE, 1, 0, no) \
	MSG(checkpoint_signed, ANY_STATE, 0, 0, no)
/* A key that was read, in the order of the configuration. */
#define WALL_host_key(F)                                               \
	F(u32, key, 255) F(text, path, 4096) F(bytes, public_key, SSH_KEY_BLOB_MAX) \
	F(bytes, certificate, SSH_KEY_BLOB_MAX)
#define WALL_keys_ready(F)
/* Lines for the administrator, each "file: what is wrong". */
#define WALL_keys_failed(F) F(text, text, 16384)
/* Empty: could not sign. */
#define WALL_checkpoint_signed(F) F(u32, number, U32) F(bytes, blob, SSHSIG_MAX)
/* clang-format on */

#endif
