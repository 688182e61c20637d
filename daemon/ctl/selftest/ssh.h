/*
 * A small SSH client for sallyportctl selftest: one connection that is there
 * already, a key in memory, one program.  It waits until a moment and no
 * longer, and believes the server in nothing but what it has signed.
 */
#ifndef DAEMON_CTL_SELFTEST_SSH_H
#define DAEMON_CTL_SELFTEST_SSH_H

#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_private;
struct ssh;

#define SSH_WHY_MAX 512

enum ssh_login {
	SSH_LOGIN_FAILED, /* the connection, the protocol, the time */
	SSH_LOGIN_REFUSED, /* methods: what the server would take */
	SSH_LOGIN_MORE, /* the key was taken; methods: what is to follow */
	SSH_LOGIN_DONE
};

/*
 * fd becomes its own.  watched is read by on_watched() whenever something lies
 * in it, so that its sender need not wait.  until: CLOCK_MONOTONIC ms.
 */
struct ssh *ssh_new(int fd, uint64_t until, int watched,
    void (*on_watched)(void *arg), void *arg);
void ssh_free(struct ssh *c);
/* The sentence about a failure, or the server's last word. */
const char *ssh_why(const struct ssh *c);

/*
 * The key exchange; the host key is one for which is_ours() says so.  0, or -1
 * and ssh_why().
 */
int ssh_exchange(struct ssh *c,
    bool (*is_ours)(const uint8_t *key, size_t len, void *arg), void *arg);
/* "kex, host key algorithm, cipher", once it was made. */
const char *ssh_algorithms(const struct ssh *c);

/* Log in by this key, under its algorithm; methods[size] as above. */
enum ssh_login ssh_log_in(struct ssh *c, const char *user,
    const struct key_private *key, const char *algorithm, char *methods,
    size_t size);

/*
 * request: "exec", "shell" or "subsystem", with its argument.  What it says on
 * standard output is appended, on standard error to ssh_why().  0 when it has
 * run, 1 when the server did not start it; -1.
 */
int ssh_run(struct ssh *c, const char *request, const char *argument,
    struct buf *output, int *status);

/* DISCONNECT, and the end. */
void ssh_leave(struct ssh *c);

#endif
