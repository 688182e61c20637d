/*
 * The process that reads a PROXY header: a fork of the worker template.
 */
#ifndef DAEMON_WORKER_HEADER_H
#define DAEMON_WORKER_HEADER_H

/*
 * Reads the header that the socket's first bytes are, and not one byte behind
 * it, sends what it says on wall (READER_MASTER), and exits.  Both descriptors
 * are its own; the filter is on.
 */
void header_run(int client, int wall) __attribute__((noreturn));

#endif
