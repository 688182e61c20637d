/*
 * The messages between the master and a worker template.  Part of messages.h.
 */
#ifndef PRIVSEP_MESSAGES_WORKERS_H
#define PRIVSEP_MESSAGES_WORKERS_H

/* clang-format off */
#define WALL_MASTER_WORKERS(MSG)             \
	MSG(offer, ANY_STATE, WALL_OFFERS_MAX, 0, no) \
	MSG(settings, ANY_STATE, 1, 0, worker_ready) \
	MSG(work, ANY_STATE, 0, 3, worker_born)
/* Offers of listeners in key exchange: numbered from 0, the top level's. */
#define WALL_offer(F)                                         \
	F(text, kex, 2048) F(text, host_key_algorithms, 2048) \
	F(text, ciphers, 2048) F(text, macs, 2048)            \
	F(text, compression, 256)
/*
 * Behind the offers, what a worker must know of the configuration, and no
 * more.  tos: the TOS byte with and without a terminal; 0 is the network's
 * default.
 */
#define WALL_settings(F)                                             \
	F(text, signature_algorithms, 2048)                          \
	F(text, identification, 128) F(u64, rekey_bytes, U64)      \
	F(u32, rekey_seconds, U32) F(u32, window_max, U32)           \
	F(u32, tos_interactive, 255) F(u32, tos_bulk, 255)           \
	F(flag, tcp_keepalive, 1) F(bytes, moduli, WALL_MODULI_MAX)
/*
 * Descriptors: input and output of the client, the wall to the monitor.
 * offer: its listener's.  cookie: of the greeting that the master has sent;
 * empty: none was.
 */
#define WALL_work(F)                                        \
	F(u64, connection, U64) F(u8, offer, WALL_OFFERS_MAX - 1) \
	F(bytes, cookie, 16)

#define WALL_WORKERS_MASTER(MSG)            \
	MSG(greeting, ANY_STATE, WALL_OFFERS_MAX, 0, no) \
	MSG(worker_ready, ANY_STATE, 1, 0, no)  \
	MSG(worker_born, ANY_STATE, 0, 1, no) MSG(worker_died, ANY_STATE, 0, 0, no) \
	MSG(worker_log, ANY_STATE, 0, 0, no)
/* For each offer: identification and KEXINIT, as a worker would send them;
 * the place of the cookie, which is each connection's own. */
#define WALL_greeting(F)                  \
	F(u8, offer, WALL_OFFERS_MAX - 1) \
	F(bytes, greeting, SSH_KEXINIT_MAX) F(u32, cookie_at, SSH_KEXINIT_MAX)
/* All greetings are told. */
#define WALL_worker_ready(F)
#define WALL_worker_born(F) F(u64, connection, U64) F(u32, pid, U32)
#define WALL_worker_died(F) \
	F(u64, connection, U64) F(u32, code, 255) F(u32, signal, 255)
#define WALL_worker_log(F) F(u8, level, 7) F(text, line, WALL_TEXT_MAX)

#endif
