/*
 * The messages between the master and a worker template.  Part of messages.h.
 */
#ifndef PRIVSEP_MESSAGES_WORKERS_H
#define PRIVSEP_MESSAGES_WORKERS_H

/* clang-format off */
#define WALL_MASTER_WORKERS(MSG)             \
	MSG(offer, ANY_STATE, WALL_OFFERS_MAX, 0, no) \
	MSG(settings, ANY_STATE, 1, 0, worker_ready) \
	MSG(work, ANY_STATE, 0, 3, worker_born) \
	MSG(read_header, ANY_STATE, 0, 2, no)
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

/*
 * A balancer's connection: a process of its own reads the PROXY header and
 * ends.  Descriptors: the client's socket, the wall by which it tells.
 */
#define WALL_read_header(F) F(u64, connection, U64)

#define WALL_WORKERS_MASTER(MSG)            \
	MSG(greeting, ANY_STATE, WALL_OFFERS_MAX, 0, no) \
	MSG(worker_ready, ANY_STATE, 1, 0, no)  \
	MSG(worker_born, ANY_STATE, 0, 1, no) MSG(worker_died, ANY_STATE, 0, 0, no) \
	MSG(reader_crashed, ANY_STATE, 0, 0, no) \
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
/* The process that read a header died of a signal. */
#define WALL_reader_crashed(F) F(u64, connection, U64) F(u32, signal, 255)
#define WALL_worker_log(F) F(choice, level, LOG_LEVEL_COUNT) F(text, line, WALL_TEXT_MAX)

/*
 * From the process that reads a PROXY header, once and one way.  A claim that
 * a stranger's bytes have made: the master asks the kernel whom it comes from.
 */
#define WALL_READER_MASTER(MSG)          \
	MSG(proxied, ANY_STATE, 1, 0, no) \
	MSG(not_proxied, ANY_STATE, 1, 0, no)
/*
 * The addresses in 4 or 16 bytes
 * with PROXY_ADDRESS, else empty; the rest as there.
 */
#define WALL_proxied(F)                                              \
	F(u8, version, 2) F(choice, kind, PROXY_KIND_COUNT) F(bytes, source, 16)        \
	F(u16, source_port, PORT_MAX) F(bytes, destination, 16)      \
	F(u16, destination_port, PORT_MAX) F(text, authority, 255)   \
	F(text, unique_id, 256) F(text, tls, 255) F(text, tls_name, 255) \
	F(flag, tls_verified, 1)
/* Why the connection is ended: E_ code of lib/err.h, its sign turned. */
#define WALL_not_proxied(F) F(u8, error, 255)

/* Session to worker: descriptors, straight to where the data flows. */
#define WALL_SESSION_WORKER(MSG)            \
	MSG(pipes, ANY_STATE, 0, 3, no)     \
	MSG(stream, ANY_STATE, 0, 1, no)    \
	MSG(running, ANY_STATE, 0, 0, no) MSG(failed, ANY_STATE, 0, 0, no) \
	MSG(exited, ANY_STATE, 0, 0, no)    \
	MSG(incoming, ANY_STATE, 0, 1, no)

/* The program's standard input (to write), output and error (to read). */
#define WALL_pipes(F) F(u32, channel, U32)
/* A connected socket or tun device: both directions. */
#define WALL_stream(F) F(u32, channel, U32)
/* The program on the pty runs; its descriptor came from the monitor. */
#define WALL_running(F) F(u32, channel, U32)
#define WALL_failed(F) \
	F(u32, channel, U32) F(u32, reason, U32) F(text, text, WALL_TEXT_MAX)
#define WALL_exited(F)                                      \
	F(u32, channel, U32) F(u32, status, 255) F(text, signal, 32) F(flag, core, 1)
/*
 * A connection to one of our listeners; kind: enum incoming_kind.  address
 * and port: the listener as the client asked for it (or the socket's path).
 */
#define WALL_incoming(F)                                               \
	F(choice, kind, INCOMING_KIND_COUNT)                           \
	F(text, address, WALL_HOST_MAX) F(u32, port, PORT_MAX)         \
	F(text, originator, 128) F(u32, originator_port, PORT_MAX)

#endif
