/*
 * A client for the tests: a server in a child, on a scratch tree that is its
 * start directory, one request at a time or many.
 */
#ifndef TESTS_UNIT_SFTP_CLIENT_H
#define TESTS_UNIT_SFTP_CLIENT_H

#include "daemon/sftp/proto.h"
#include "daemon/sftp/sftp.h"
#include "lib/buf.h"
#include "lib/rd.h"

#include <check.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/types.h>

struct client {
	char *root; /* the scratch tree, absolute */
	int fd; /* to the server and from it */
	int events; /* lines the server's events make */
	pid_t pid;
	uint32_t id; /* of the last request */
	struct buf out; /* the request being made */
	size_t packet;
	uint8_t reply[SFTP_PACKET_MAX + 4];
	size_t reply_len;
	struct rd r; /* the reply behind its id */
	uint8_t type;
	uint32_t reply_id;
	char text[256]; /* of the last status */
};

/* Make the tree.  Set c->root for options, then serve. */
void tree_make(struct client *c);
/* A file in the tree, by relative name. */
void tree_write(
    const struct client *c, const char *name, const void *data, size_t len);
/* Its size, or -1. */
off_t tree_size(const struct client *c, const char *name);
/* Its whole path; the buffer is overwritten by the fourth call after. */
const char *tree_path(const struct client *c, const char *name);

/*
 * Start the server; before(), if any, runs in the child first.  INIT is done.
 */
void client_serve(struct client *c, const struct sftp_options *options,
    void (*before)(const struct client *c));
/* The same, without INIT. */
void client_serve_raw(struct client *c, const struct sftp_options *options,
    void (*before)(const struct client *c));
/* Close our side, wait for the server: its exit status. Removes the tree. */
int client_end(struct client *c);

/* Requests: begin, add with buf_*(&c->out), send. */
struct buf *ask_begin(struct client *c, uint8_t type);
void ask_send(struct client *c);
/* type, then by letter: s text, h handle, u uint32, q uint64, . attr none */
void ask(struct client *c, uint8_t type, const char *letters, ...);
void vask(struct client *c, uint8_t type, const char *letters, va_list args);
/* Read one packet; false at the end of the stream. */
bool hear(struct client *c);

/* Ask and expect a reply of the kind, which answers this id. */
uint32_t ask_status(struct client *c, uint8_t type, const char *letters, ...);
uint32_t ask_handle(struct client *c, uint8_t type, const char *letters, ...);
/* The one name in the answer, or "status N". */
const char *ask_name(struct client *c, uint8_t type, const char *letters, ...);
/* The status in the reply just heard. */
uint32_t heard_status(struct client *c);

/* All event lines so far; the server must have ended. */
const char *client_events(struct client *c);

#endif
