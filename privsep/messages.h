/*
 * The wall: every message that two sallyport processes can exchange, once.
 * Whoever reads only this file knows what a broken worker can ask for.
 *
 * A list a path (who sends to whom); in a list a line a message:
 *
 *	MSG(name, states, budget, fds, answers)
 *
 *	states	 the monitor states in which it is legal (privsep/wall.h);
 *		 ANY on paths that have none
 *	budget	 how many of them one connection may send; 0 is no limit, for
 *		 what is an answer or has a limit of its own in its handler
 *	fds	 how many descriptors ride with it, exactly
 *	answers	 "yes" if the sender waits for an answer, for the reader
 *
 * The fields of message x are WALL_x: F(type, name, limit), in wire order.
 * Types: u8 u16 u32 u64 (limit: largest value), flag, choice (limit: how many
 * values its enum has: another is refused), text (no NUL inside; limit:
 * bytes), bytes (limit: bytes).
 * A message x is asked for as MSG_x and handled by on_x(), nowhere else
 * (privsep/peer.h).
 */
#ifndef PRIVSEP_MESSAGES_H
#define PRIVSEP_MESSAGES_H

#include "lib/ssh/ssh2.h"
#include "privsep/limits.h"

/* clang-format off */

/*
 * Worker to monitor: what a stranger, through a broken worker, can ask of
 * root.  An honest one passes on as many auth_* as limits.max_auth_tries, 100
 * at most, and the free key queries let a client send: the budgets are above.
 * KEX, AUTH, ASKING, OPENING, OPEN and CLOSING are the states.
 */
#define WALL_WORKER_MONITOR(MSG)                                         \
	MSG(log, ANY_STATE, 2000, 0, no)                                 \
	MSG(version, IN(KEX), 1, 0, no)                                  \
	MSG(kex, IN(KEX) | IN(OPEN), 0, 0, kex_done)                      \
	MSG(negotiation_failed, ANY_STATE, 1, 0, no)                     \
	MSG(newkeys, IN(KEX) | IN(AUTH) | IN(OPEN), 0, 0, no)            \
	MSG(auth_none, IN(AUTH) | IN(ASKING) | IN(CHANGING), 200, 0,     \
	    auth_verdict)                                                \
	MSG(auth_password, IN(AUTH) | IN(ASKING) | IN(CHANGING), 200, 0, \
	    auth_verdict)                                                \
	MSG(auth_publickey, IN(AUTH) | IN(ASKING) | IN(CHANGING), 300, 0, \
	    auth_verdict)                                                \
	MSG(auth_hostbased, IN(AUTH) | IN(ASKING) | IN(CHANGING), 200, 0,\
	    auth_verdict)                                                \
	MSG(auth_kbdint, IN(AUTH) | IN(ASKING) | IN(CHANGING), 200, 0,   \
	    auth_verdict)                                                \
	MSG(auth_other, IN(AUTH) | IN(ASKING) | IN(CHANGING), 200, 0,    \
	    auth_verdict)                                                \
	MSG(auth_answers, IN(ASKING) | IN(CHANGING), 1000, 0, no)        \
	MSG(auth_packet, IN(AUTH) | IN(ASKING), 1000, 0, no)             \
	MSG(session_open, IN(OPEN), 0, 0, granted)                       \
	MSG(pty, IN(OPEN), 0, 0, pty_made)                               \
	MSG(env, IN(OPEN), 0, 0, granted)                                \
	MSG(x11, IN(OPEN), 0, 0, granted)                                \
	MSG(agent, IN(OPEN), 0, 0, granted)                              \
	MSG(start, IN(OPEN), 0, 0, granted)                              \
	MSG(window, IN(OPEN), 0, 0, no)                                  \
	MSG(signal, IN(OPEN), 0, 0, no)                                  \
	MSG(tcp_connect, IN(OPEN), 0, 0, granted)                        \
	MSG(unix_connect, IN(OPEN), 0, 0, granted)                       \
	MSG(tcp_listen, IN(OPEN), 0, 0, listening)                       \
	MSG(unix_listen, IN(OPEN), 0, 0, listening)                      \
	MSG(unlisten, IN(OPEN), 0, 0, listening)                         \
	MSG(tun, IN(OPEN), 0, 0, granted)                                \
	MSG(channel_offered, IN(OPEN), 0, 0, no)                         \
	MSG(channel_closed, IN(OPEN) | IN(CLOSING), 0, 0, no)            \
	MSG(hostkeys_prove, IN(OPEN), 8, 0, hostkeys_proof)              \
	MSG(report, IN(OPEN) | IN(CLOSING), 0, 0, no)                    \
	MSG(bye, ANY_STATE, 1, 0, no)

/* A line for people, from the sandbox. */
#define WALL_log(F) F(choice, level, LOG_LEVEL_COUNT) F(text, line, WALL_TEXT_MAX)
/* Both identification strings, without CR LF. */
#define WALL_version(F)                    \
	F(bytes, client, SSH_VERSION_MAX)  \
	F(bytes, server, SSH_VERSION_MAX)
/*
 * Everything that is hashed into H, RFC 4253 section 8, but for K_S, which
 * the monitor puts in itself.  shared_secret is K as it is hashed, with its
 * length field.  The gex fields are zero and empty in the other methods; token
 * is GSS-API's (RFC 4462 section 2), which is not hashed.
 */
#define WALL_kex(F)                                \
	F(bytes, kexinit_client, SSH_KEXINIT_MAX)  \
	F(bytes, kexinit_server, SSH_KEXINIT_MAX)  \
	F(bytes, client_share, WALL_SHARE_MAX)     \
	F(bytes, server_share, WALL_SHARE_MAX)     \
	F(bytes, shared_secret, WALL_SHARE_MAX)    \
	F(u32, gex_min, U32)                       \
	F(u32, gex_preferred, U32)                 \
	F(u32, gex_max, U32)                       \
	F(bytes, gex_p, WALL_SHARE_MAX)            \
	F(bytes, gex_g, WALL_SHARE_MAX)            \
	F(bytes, token, WALL_TOKEN_MAX)
/* No common algorithm: which kind, and what the client offered. */
#define WALL_negotiation_failed(F) \
	F(text, kind, 64) F(text, offer, WALL_TEXT_MAX)
/* The negotiated names, once both sides use the new keys; for the audit. */
#define WALL_newkeys(F)                                                \
	F(text, kex, 64) F(text, host_key, 64) F(text, cipher_in, 64)  \
	F(text, cipher_out, 64) F(text, mac_in, 64) F(text, mac_out, 64) \
	F(text, compression_in, 64) F(text, compression_out, 64)
/* RFC 4252; each request names user and service again, as the client did. */
#define WALL_REQUEST(F) F(bytes, user, SSH_USER_MAX) F(bytes, service, 64)
#define WALL_auth_none(F) WALL_REQUEST(F)
#define WALL_auth_password(F)                       \
	WALL_REQUEST(F) F(flag, change, 1)          \
	F(bytes, password, SSH_PASSWORD_MAX)        \
	F(bytes, new_password, SSH_PASSWORD_MAX)
/* host_key is not empty in publickey-hostbound-v00@openssh.com only. */
#define WALL_auth_publickey(F)                                     \
	WALL_REQUEST(F) F(flag, has_signature, 1) F(flag, hostbound, 1) \
	F(bytes, algorithm, 64) F(bytes, key, SSH_KEY_BLOB_MAX)    \
	F(bytes, host_key, SSH_KEY_BLOB_MAX)                       \
	F(bytes, signature, SSH_SIGNATURE_MAX)
#define WALL_auth_hostbased(F)                                     \
	WALL_REQUEST(F) F(bytes, algorithm, 64)                    \
	F(bytes, key, SSH_KEY_BLOB_MAX) F(bytes, client_host, 256) \
	F(bytes, client_user, SSH_USER_MAX)                        \
	F(bytes, signature, SSH_SIGNATURE_MAX)
#define WALL_auth_kbdint(F) \
	WALL_REQUEST(F) F(bytes, language, 64) F(bytes, submethods, 256)
/* A method the worker does not know: its name and its data, for a module. */
#define WALL_auth_other(F) \
	WALL_REQUEST(F) F(bytes, method, 64) F(bytes, data, WALL_ASK_MAX)
/* RFC 4256 section 3.4: count, then count SSH strings. */
#define WALL_auth_answers(F) \
	F(u32, count, 128) F(bytes, responses, WALL_ASK_MAX)
/* A packet 60 to 79 of a module's own method. */
#define WALL_auth_packet(F) F(u8, number, 79) F(bytes, payload, WALL_ASK_MAX)
/* channel is the server's (local) number on all messages below. */
/* modes: as the client encodes them, for a recorder; who else has the terminal
 * sets them itself. */
#define WALL_session_open(F) F(u32, channel, U32)
#define WALL_pty(F)                                                  \
	F(u32, channel, U32) F(text, term, 256) F(u32, columns, U32) \
	F(u32, rows, U32) F(u32, width, U32) F(u32, height, U32)     \
	F(bytes, modes, WALL_MODES_MAX)
#define WALL_env(F) \
	F(u32, channel, U32) F(text, name, 1024) F(text, value, SSH_EXEC_STRING_MAX)
#define WALL_x11(F)                                                   \
	F(u32, channel, U32) F(flag, single, 1) F(text, protocol, 64) \
	F(text, cookie, 256) F(u32, screen, 1024)
#define WALL_agent(F) F(u32, channel, U32)
/* The command or subsystem. */
#define WALL_start(F) \
	F(u32, channel, U32) F(choice, kind, START_KIND_COUNT)              \
	F(text, command, SSH_COMMAND_MAX)
#define WALL_window(F)                                             \
	F(u32, channel, U32) F(u32, columns, U32) F(u32, rows, U32) \
	F(u32, width, U32) F(u32, height, U32)
#define WALL_signal(F) F(u32, channel, U32) F(text, name, 64)
#define WALL_tcp_connect(F)                                           \
	F(u32, channel, U32) F(text, host, WALL_HOST_MAX)             \
	F(u32, port, PORT_MAX) F(text, originator, WALL_HOST_MAX)     \
	F(u32, originator_port, U32)
#define WALL_unix_connect(F) \
	F(u32, channel, U32) F(text, path, WALL_PATH_MAX)
/* request numbers the worker's own, so that answers find their question. */
#define WALL_tcp_listen(F)                                  \
	F(u32, request, U32) F(text, address, WALL_HOST_MAX) \
	F(u32, port, PORT_MAX)
#define WALL_unix_listen(F) F(u32, request, U32) F(text, path, WALL_PATH_MAX)
/* path empty: the TCP listener of address and port. */
#define WALL_unlisten(F)                                     \
	F(u32, request, U32) F(text, address, WALL_HOST_MAX) \
	F(u32, port, PORT_MAX) F(text, path, WALL_PATH_MAX)
#define WALL_tun(F) F(u32, channel, U32) F(u32, mode, 2) F(u32, unit, U32)
/*
 * The number we gave to a connection that the session sent as `incoming`:
 * the same fields, so that its `accepted` and channel_closed find together.
 */
#define WALL_channel_offered(F)                                        \
	F(u32, channel, U32) F(choice, kind, INCOMING_KIND_COUNT)      \
	F(text, address, WALL_HOST_MAX)                                \
	F(u32, port, PORT_MAX) F(text, originator, 128)                \
	F(u32, originator_port, PORT_MAX)
/* timed_out: seconds without traffic, if policy closed it for that; else 0. */
#define WALL_channel_closed(F)                                            \
	F(u32, channel, U32) F(u64, bytes_in, U64) F(u64, bytes_out, U64) \
	F(u32, timed_out, U32)
/* The request's key blobs, as SSH strings one after another. */
#define WALL_hostkeys_prove(F) F(bytes, keys, WALL_KEYS_MAX)
/* For `sallyportctl sessions`: totals, and seconds since the last input. */
#define WALL_report(F)                                              \
	F(u32, channels, U32) F(u64, bytes_in, U64)                 \
	F(u64, bytes_out, U64) F(u32, idle, U32) F(u32, rekeys, U32)
/* Why the worker ends; SSH reason code; a sentence. */
#define WALL_bye(F)                                                   \
	F(choice, cause, BYE_CAUSE_COUNT) F(u32, reason, U32) F(text, text, WALL_TEXT_MAX) \
	F(u64, bytes_in, U64) F(u64, bytes_out, U64)

/* Monitor to worker. */
#define WALL_MONITOR_WORKER(MSG)                                          \
	MSG(kex_done, IN(KEX) | IN(AUTH) | IN(OPEN), 0, 0, no)            \
	MSG(kex_failed, IN(KEX) | IN(OPEN), 1, 0, no)                     \
	MSG(auth_verdict, IN(AUTH) | IN(OPENING) | IN(OPEN), 0, 0, no)    \
	MSG(auth_key_ok, IN(AUTH), 0, 0, no)                              \
	MSG(auth_ask, IN(ASKING), 0, 0, auth_answers)                     \
	MSG(auth_change, IN(CHANGING), 0, 0, auth_password)               \
	MSG(auth_send, IN(ASKING), 0, 0, auth_packet)                     \
	MSG(banner, IN(AUTH) | IN(ASKING) | IN(CHANGING), 0, 0, no)       \
	MSG(opened, IN(OPEN), 0, 0, no)                                   \
	MSG(session_wall, IN(OPEN), 0, 1, no)                             \
	MSG(granted, IN(OPEN), 0, 0, no)                                  \
	MSG(refused, IN(OPEN), 0, 0, no)                                  \
	MSG(cancelled, IN(OPEN), 0, 0, no)                                \
	MSG(pty_made, IN(OPEN), 0, 1, no)                                 \
	MSG(recorded_pipes, IN(OPEN), 0, 3, no)                           \
	MSG(listening, IN(OPEN), 0, 0, no)                                \
	MSG(not_listening, IN(OPEN), 0, 0, no)                            \
	MSG(hostkeys_proof, IN(OPEN), 0, 0, no)                           \
	MSG(say, IN(OPEN) | IN(CLOSING), 0, 0, no)                        \
	MSG(disconnect, ANY_STATE, 0, 0, no)

/*
 * H, the session identifier, K_S, and the signature over H.  With GSS-API K_S
 * is empty, a MIC is the signature, and token is for the client.
 */
#define WALL_kex_done(F)                                      \
	F(bytes, exchange_hash, 64) F(bytes, session_id, 64)  \
	F(bytes, host_key, SSH_KEY_BLOB_MAX)                  \
	F(bytes, signature, SSH_SIGNATURE_MAX)                \
	F(bytes, token, WALL_TOKEN_MAX)
/* The client's token is refused: perhaps with one for it; then the end. */
#define WALL_kex_failed(F) F(bytes, token, WALL_TOKEN_MAX)
/* The methods that can continue. */
#define WALL_auth_verdict(F) \
	F(choice, result, AUTH_RESULT_COUNT) F(text, methods, WALL_METHODS_MAX)
#define WALL_auth_key_ok(F) \
	F(bytes, algorithm, 64) F(bytes, key, SSH_KEY_BLOB_MAX)
/* RFC 4256 section 3.2; prompts: count times string prompt, boolean echo. */
#define WALL_auth_ask(F)                                        \
	F(text, name, WALL_TEXT_MAX) F(text, instruction, WALL_ASK_MAX) \
	F(u32, count, 128) F(bytes, prompts, WALL_ASK_MAX)
#define WALL_auth_change(F) F(text, prompt, WALL_TEXT_MAX)
#define WALL_auth_send(F) F(u8, number, 79) F(bytes, payload, WALL_ASK_MAX)
#define WALL_banner(F) F(text, text, WALL_BANNER_MAX)
/*
 * The worker's part of the frozen decision; sent before the verdict that says
 * success.  Seconds, 0 is never; window in bytes; log_level: 0 is unchanged,
 * else enum log_level of lib/log.h + 2.
 */
#define WALL_opened(F)                                                  \
	F(text, user, SSH_USER_MAX) F(u32, max_sessions, U32)           \
	F(u32, max_channels, U32) F(u32, keepalive_interval, U32)       \
	F(u32, keepalive_count, U32) F(u32, idle_timeout, U32)          \
	F(u32, unused_timeout, U32) F(u32, warn_before, U32)            \
	F(u32, window_max, U32)                                         \
	F(u64, rekey_bytes, U64) F(u32, rekey_seconds, U32)             \
	F(u32, tos_interactive, 255) F(u32, tos_bulk, 255)              \
	F(text, channel_timeouts, WALL_LIST_MAX)                        \
	F(u8, log_level, 6) F(bytes, hostkeys, WALL_KEYS_MAX)
/* The worker's end of its socketpair with the session process. */
#define WALL_session_wall(F)
#define WALL_granted(F) F(u32, channel, U32)
/* reason: SSH_OPEN_* where it answers a channel open; text for the client. */
#define WALL_refused(F) \
	F(u32, channel, U32) F(u32, reason, U32) F(text, text, WALL_TEXT_MAX)
/* A program is not to run or go on: as if it had said text on stderr and
 * ended with status (OpenSSH's client shows no text with a refusal). */
#define WALL_cancelled(F) \
	F(u32, channel, U32) F(u32, status, 255) F(text, text, WALL_TEXT_MAX)
/* One descriptor: the pty's master side; or, recorded, a stream of a recorder's
 * that has it, which sets its modes and sizes.  If that recorder cannot be
 * started and need not be, the master side follows before `granted`. */
#define WALL_pty_made(F) F(u32, channel, U32) F(flag, recorded, 1)
/* As `pipes` of the session process, for a program that is recorded. */
#define WALL_recorded_pipes(F) F(u32, channel, U32)
#define WALL_listening(F) F(u32, request, U32) F(u32, port, PORT_MAX)
#define WALL_not_listening(F) F(u32, request, U32)
/* The signatures, as SSH strings one after another. */
#define WALL_hostkeys_proof(F) F(bytes, signatures, WALL_KEYS_MAX)
/* A warning for the terminal of one channel, or of all (U32). */
#define WALL_say(F) F(u32, channel, U32) F(text, text, WALL_TEXT_MAX)
#define WALL_disconnect(F) F(u32, reason, U32) F(text, text, WALL_TEXT_MAX)

/*
 * Monitor to session: the only orders the user's side takes.  number is the
 * channel, or for listeners a number of the monitor's.
 */
#define WALL_MONITOR_SESSION(MSG)           \
	MSG(begin, ANY_STATE, 1, 0, session_ready) \
	MSG(run, ANY_STATE, 0, 0, ran)      \
	MSG(run_pty, ANY_STATE, 0, 1, ran)  \
	MSG(run_pipes, ANY_STATE, 0, 3, ran) \
	MSG(kill, ANY_STATE, 0, 0, no)      \
	MSG(resolve, ANY_STATE, 0, 0, resolved) \
	MSG(locate, ANY_STATE, 0, 0, located) \
	MSG(forget, ANY_STATE, 0, 0, no)    \
	MSG(reach_tcp, ANY_STATE, 0, 0, reached) \
	MSG(reach_unix, ANY_STATE, 0, 0, reached) \
	MSG(bind_tcp, ANY_STATE, 0, 0, bound) \
	MSG(bind_unix, ANY_STATE, 0, 0, bound) \
	MSG(bind_agent, ANY_STATE, 0, 0, bound) \
	MSG(bind_x11, ANY_STATE, 0, 0, bound) \
	MSG(unbind, ANY_STATE, 0, 0, unbound) \
	MSG(hand_over, ANY_STATE, 0, 1, no) \
	MSG(finish, ANY_STATE, 0, 0, no)

/*
 * The first order, read by sallyport-session while it is root: whom to become,
 * and what is the same for all its programs.  exec and keys: SELinux contexts,
 * "" for none; oom: for /proc/self/oom_score_adj; sftp_*: of `internal`;
 * hang_up_all, reset_input: grants for programs without a terminal. */
#define WALL_begin(F)                                                    \
	F(u8, log_level, 15) F(text, zone, 256)                          \
	F(text, user, SSH_USER_MAX) F(text, home, 4095) F(text, shell, 4095) \
	F(u32, uid, U32) F(u32, gid, U32) F(text, chroot, 4095)          \
	F(flag, keep_capabilities, 1) F(text, exec_context, 4095)        \
	F(text, key_context, 4095) F(text, oom_score, 16)                \
	F(text, xauth, 4095) F(flag, sftp_no_names, 1)                   \
	F(flag, sftp_read_only, 1) F(text, sftp_start, 4095)             \
	F(flag, sftp_sets_umask, 1) F(u32, sftp_umask, 511)              \
	F(flag, sftp_draft_symlink, 1) F(flag, sftp_digest, 1)           \
	F(flag, hang_up_all, 1)                                          \
	F(flag, reset_input, 1)
/*
 * environment: NAME=value strings as SSH strings;
 * user_rc: ~/.ssh/rc may run first; subsystem: errors are a protocol's.
 */
#define WALL_RUN(F)                                                      \
	F(u32, channel, U32) F(choice, kind, RUN_KIND_COUNT)             \
	F(text, command, SSH_COMMAND_MAX)                                \
	F(text, title, 256) F(flag, user_rc, 1) F(flag, subsystem, 1)    \
	F(bytes, environment, WALL_ENV_MAX)
#define WALL_run(F) WALL_RUN(F)
/* One descriptor: the pty's slave side, its modes set by the worker. */
#define WALL_run_pty(F) WALL_RUN(F)
/* Three: its standard input, output and error, whose other ends a recorder has. */
#define WALL_run_pipes(F) WALL_RUN(F)
#define WALL_kill(F) F(u32, channel, U32) F(u8, signal, 64)
/*
 * A name's addresses are looked up, and told; those of them that the policy
 * permits come back as reach_tcp.  addresses: lib/addresses.h.  number: of the
 * look-up, and of no other in this connection.
 */
#define WALL_resolve(F)                                  \
	F(u32, number, U32) F(text, host, WALL_HOST_MAX) \
	F(u32, seconds, U32)
/*
 * A UNIX socket, or the directory that one is to be bound in, is opened and
 * held under a number, which is the listener's, or else the look-up's; its real
 * path is told.  reach_unix and bind_unix use what is held; forget closes it.
 */
#define WALL_locate(F)                                   \
	F(u32, number, U32) F(text, path, WALL_PATH_MAX) \
	F(flag, listen, 1)
#define WALL_forget(F) F(u32, number, U32)
/* Connect to one of these, tried in this order, and to no other. */
#define WALL_reach_tcp(F)                                         \
	F(u32, channel, U32) F(bytes, addresses, WALL_ADDRESSES_MAX) \
	F(u32, port, PORT_MAX) F(u32, seconds, U32)
#define WALL_reach_unix(F) F(u32, channel, U32) F(u32, number, U32)
/*
 * Listen on these; address: as the client named them, for `incoming`.  One of
 * them that cannot be bound is left out.  port 0: one that is free in all.
 */
#define WALL_bind_tcp(F)                                       \
	F(u32, number, U32) F(text, address, WALL_HOST_MAX)    \
	F(bytes, addresses, WALL_ADDRESSES_MAX) F(u32, port, PORT_MAX)
#define WALL_bind_unix(F) \
	F(u32, number, U32) F(u32, mask, 511) F(flag, unlink, 1)
#define WALL_bind_agent(F) F(u32, number, U32) F(u32, channel, U32)
#define WALL_bind_x11(F)                                              \
	F(u32, number, U32) F(u32, channel, U32) F(flag, single, 1)   \
	F(text, protocol, 64) F(text, cookie, 256) F(u32, screen, 1024) \
	F(u32, display_offset, 1000)
#define WALL_unbind(F) F(u32, number, U32)
/* A descriptor made by the monitor for the worker (a tun device). */
#define WALL_hand_over(F) F(u32, channel, U32)
/* Hang up programs (all: whatever begin said), close listeners, then exit. */
#define WALL_finish(F) F(u32, seconds, U32) F(flag, all, 1)

/* Session to monitor: news, believed no further than the user is. */
#define WALL_SESSION_MONITOR(MSG)           \
	MSG(session_ready, ANY_STATE, 1, 0, no) \
	MSG(ran, ANY_STATE, 0, 0, no)       \
	MSG(ended, ANY_STATE, 0, 0, no)     \
	MSG(resolved, ANY_STATE, 0, 0, no)  \
	MSG(located, ANY_STATE, 0, 0, no)   \
	MSG(reached, ANY_STATE, 0, 0, no)   \
	MSG(bound, ANY_STATE, 0, 0, no)     \
	MSG(unbound, ANY_STATE, 0, 0, no)   \
	MSG(accepted, ANY_STATE, 0, 0, no)  \
	MSG(file_event, ANY_STATE, 0, 0, no)    \
	MSG(session_log, ANY_STATE, 0, 0, no)

/* trouble: "", or why it serves nothing (a chroot that cannot be entered). */
#define WALL_session_ready(F) F(text, trouble, WALL_TEXT_MAX)
/* error: errno, 0 when it runs. */
#define WALL_ran(F) \
	F(u32, channel, U32) F(u32, pid, U32) F(u32, error, U32)
#define WALL_ended(F) \
	F(u32, channel, U32) F(u32, status, 255) F(u32, signal, 255) F(flag, core, 1)
/* No address: text says why, in the resolver's words. */
#define WALL_resolved(F)                                            \
	F(u32, number, U32) F(bytes, addresses, WALL_ADDRESSES_MAX) \
	F(text, text, WALL_TEXT_MAX)
/* The real path of what is held; none: nothing is, and text says why. */
#define WALL_located(F)                         \
	F(u32, number, U32) F(text, path, 4095) \
	F(text, text, WALL_TEXT_MAX)
/* reason 0, or SSH_OPEN_*; the address that was used. */
#define WALL_reached(F)                                                  \
	F(u32, channel, U32) F(u32, reason, U32) F(text, address, 128) \
	F(text, text, WALL_TEXT_MAX)
/* detail: SSH_AUTH_SOCK or DISPLAY where that is the outcome. */
#define WALL_bound(F)                                                    \
	F(u32, number, U32) F(u32, error, U32) F(u32, port, PORT_MAX)   \
	F(text, detail, 256)
/* Closed: nobody can connect to it any more. */
#define WALL_unbound(F) F(u32, number, U32)
/* A listener took a connection, which the worker gets as `incoming`. */
#define WALL_accepted(F) \
	F(u32, number, U32) F(text, address, 128) F(u32, port, PORT_MAX)
/*
 * An SFTP operation: kind as lib/ssh/sftp_event.h numbers them.  flags are those
 * of an open, or which attributes a setstat has; error is the errno behind the
 * status, or 0; bytes and files are those of the handle or of the session.
 */
#define WALL_file_event(F)                                                    \
	F(u32, channel, U32) F(choice, kind, SFTP_EVENT_COUNT) F(u32, status, U32)             \
	F(u32, error, U32) F(u32, flags, U32) F(text, path, 4096)            \
	F(text, target, 4096) F(text, request, 64) F(text, reason, 128)      \
	F(u64, bytes_read, U64) F(u64, bytes_written, U64)                   \
	F(u64, files_read, U64) F(u64, files_written, U64)                   \
	F(u64, milliseconds, U64) F(u32, mode, U32) F(u64, size, U64)        \
	F(u32, owner, U32) F(u32, gid, U32) F(u32, atime, U32)               \
	F(u32, mtime, U32) F(text, digest, 64) F(flag, partial, 1)
#define WALL_session_log(F) F(choice, level, LOG_LEVEL_COUNT) F(text, line, WALL_TEXT_MAX)

#define WALL_MASTER_MONITORS(MSG)           \
	MSG(public_key, ANY_STATE, 64, 0, no) \
	MSG(moduli, ANY_STATE, 1, 0, no)    \
	MSG(prepare, ANY_STATE, 1, 0, template_ready) \
	MSG(helper_door, ANY_STATE, 0, 1, no) \
	MSG(serve, ANY_STATE, 0, 4, born) MSG(leave, ANY_STATE, 0, 0, no) \
	MSG(judge, ANY_STATE, 0, 1, no) MSG(look, ANY_STATE, 0, 1, no)
/* The same as host_key, passed on: the template knows no private key. */
#define WALL_public_key(F)                                     \
	F(u32, key, 255) F(text, path, 4096)                    \
	F(bytes, public_key, SSH_KEY_BLOB_MAX)                  \
	F(bytes, certificate, SSH_KEY_BLOB_MAX)
/* The groups that workers may offer: the monitor accepts no other. */
#define WALL_moduli(F) F(bytes, text, WALL_MODULI_MAX)
/* All public keys are told: load the modules, say ready. */
#define WALL_prepare(F) F(u32, generation, U32) F(choice, purpose, PREPARE_PURPOSE_COUNT)
/*
 * A connection: its identifier, its listener, its status slot; descriptors:
 * input and output of the client (the same socket twice, or a pipe each),
 * the wall to the worker, the wall to the keyholder.  proxy: the balancer that
 * has told the source, else empty; health: a check's, told of from its key
 * exchange on.  selftest_key: a self-test's, which is this user's on this
 * connection alone, until then (CLOCK_MONOTONIC ms); the second descriptor is
 * then where the monitor reports to.  Empty: it is none.
 */
#define WALL_serve(F)                                           \
	F(u64, connection, U64) F(text, listener, 64)           \
	F(u32, slot, U32) F(text, source, 64) F(u32, source_port, PORT_MAX) \
	F(text, local, 64) F(u32, local_port, PORT_MAX)        \
	F(text, proxy, 64) F(flag, health, 1)                  \
	F(text, selftest_user, SSH_USER_MAX)                   \
	F(bytes, selftest_key, WALL_SELFTEST_KEY_MAX) F(u64, selftest_until, U64)
/* The wall will be closed, and that is no accident. */
#define WALL_leave(F)

#define WALL_MONITORS_MASTER(MSG)                 \
	MSG(loading, ANY_STATE, 0, 1, no) MSG(loaded, ANY_STATE, 1, 0, no) \
	MSG(helper_wanted, ANY_STATE, 16, 0, no)  \
	MSG(template_ready, ANY_STATE, 1, 1, no)  \
	MSG(template_failed, ANY_STATE, 1, 0, no) \
	MSG(born, ANY_STATE, 0, 1, no) MSG(died, ANY_STATE, 0, 0, no)    \
	MSG(orphan, ANY_STATE, 0, 1, no)          \
	MSG(orphans, ANY_STATE, 1, 1, no)
/* Code of a module runs until the next `loading` or `loaded`: its name, where
 * it is configured, its entry point; a descriptor of its standard error. */
#define WALL_loading(F) \
	F(text, module, 256) F(text, place, 4200) F(text, entry, 64)
#define WALL_loaded(F)
#define WALL_template_ready(F)
#define WALL_template_failed(F) F(text, text, 16384)
/* One descriptor: the child's pidfd. */
#define WALL_born(F) F(u64, connection, U64) F(u32, pid, U32)
/* code: exit status, enum monitor_exit in privsep/wall.h; or a signal. */
#define WALL_died(F) \
	F(u64, connection, U64) F(u32, code, 255) F(u32, signal, 255)
/*
 * To the keeper that stands in for a master that was killed: each connection,
 * with its monitor's pidfd, and then whose they are.  since: CLOCK_MONOTONIC.
 */
#define WALL_orphan(F)                                          \
	F(u64, connection, U64) F(u32, pid, U32)                \
	F(u32, slot, U32) F(u64, since, U64)                    \
	F(text, source, 64) F(u32, source_port, PORT_MAX)       \
	F(text, local, 64) F(u32, local_port, PORT_MAX)         \
	F(text, proxy, 64)
#define WALL_orphans(F) F(u32, generation, U32) F(u32, pid, U32)

#include "privsep/messages_helper.h"
#include "privsep/messages_judge.h"
#include "privsep/messages_keys.h"
#include "privsep/messages_recorder.h"
#include "privsep/messages_tickets.h"
#include "privsep/messages_workers.h"

#define WALL_PATHS(PATH)                 \
	PATH(WORKER_MONITOR)             \
	PATH(MONITOR_WORKER)             \
	PATH(MONITOR_SESSION)            \
	PATH(SESSION_MONITOR)            \
	PATH(SESSION_WORKER)             \
	PATH(MONITOR_KEYHOLDER)          \
	PATH(KEYHOLDER_MONITOR)          \
	PATH(MASTER_KEYHOLDER)           \
	PATH(KEYHOLDER_MASTER)           \
	PATH(MASTER_MONITORS)            \
	PATH(MONITORS_MASTER)            \
	PATH(MASTER_WORKERS)             \
	PATH(WORKERS_MASTER)             \
	PATH(READER_MASTER)              \
	WALL_RECORDER_PATHS(PATH)        \
	WALL_TICKETS_PATHS(PATH)         \
	WALL_HELPER_PATHS(PATH) WALL_JUDGE_PATHS(PATH)

#define WALL_MESSAGES(MSG)         \
	WALL_WORKER_MONITOR(MSG)   \
	WALL_MONITOR_WORKER(MSG)   \
	WALL_MONITOR_SESSION(MSG)  \
	WALL_SESSION_MONITOR(MSG)  \
	WALL_SESSION_WORKER(MSG)   \
	WALL_MONITOR_KEYHOLDER(MSG) \
	WALL_KEYHOLDER_MONITOR(MSG) \
	WALL_MASTER_KEYHOLDER(MSG) \
	WALL_KEYHOLDER_MASTER(MSG) \
	WALL_MASTER_MONITORS(MSG)  \
	WALL_MONITORS_MASTER(MSG)  \
	WALL_MASTER_WORKERS(MSG)   \
	WALL_WORKERS_MASTER(MSG)   \
	WALL_READER_MASTER(MSG)    \
	WALL_RECORDER_MESSAGES(MSG) \
	WALL_TICKETS_MESSAGES(MSG) \
	WALL_HELPER_MESSAGES(MSG) WALL_JUDGE_MESSAGES(MSG)
/* clang-format on */

#endif
