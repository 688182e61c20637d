/*
 * A helper process of an authentication module, for what outlives one login:
 * a connection to a directory or a web service, a cache.
 *
 * The module's descriptor names helper().  The server starts it once per
 * generation (per start and reload) in a process of its own, and again, at a
 * bounded rate, when it has ended.  A connection's call of the module asks it
 * with host->ask_helper() and waits for its answer.
 *
 * Where it runs: as the account helper_user of the module's configuration,
 * never root; the library is loaded anew, so load() has not run in it and
 * nothing of its memory is there.  It can gain no privileges, start no
 * programs or processes (threads it can), and has no descriptor of the
 * server's but its own sockets.  Standard output and error are /dev/null.
 * It is killed when its generation, or the server, has ended.
 */
#ifndef SALLYPORT_HELPER_H
#define SALLYPORT_HELPER_H

#ifndef SALLYPORT_MODULE_H
#error "<sallyport_module.h> comes first"
#endif

/* The most bytes of a request, and of an answer. */
#define SALLYPORT_HELPER_MAX 65536
/* Requests that are taken and not answered yet. */
#define SALLYPORT_HELPER_TAKEN_MAX 64

/* A request of one connection; it lives until it is answered. */
struct sallyport_request {
	uint32_t size;
	uint32_t patience; /* ms that the connection waits for the answer */
	const void *data;
	size_t len;
};

/* All functions are for the thread that helper() was called in. */
struct sallyport_helper {
	uint32_t abi;
	uint32_t size;

	/* The module's options, as load() gets them, but for the services
	 * that the policy names. */
	const struct sallyport_setting *settings;
	size_t count;

	/* POLLIN: next() has something; for a loop of the helper's own. */
	int fd;

	/*
	 * The next request; waits for timeout ms, for ever if it is negative.
	 * The first call tells the server that the helper is ready.  0;
	 * SALLYPORT_TIMEOUT; SALLYPORT_TOO_LARGE: so many are taken that some
	 * must be answered first; SALLYPORT_GONE: return from helper(), all is
	 * over.  A request whose connection has gone meanwhile is left out.
	 */
	int (*next)(struct sallyport_helper *helper, int timeout,
	    struct sallyport_request **request);

	/*
	 * Answer it, in any order; data NULL: there is no answer, and the
	 * connection's call gets an error at once.  The request is wiped and
	 * gone.  0; SALLYPORT_GONE: nobody waits any more;
	 * SALLYPORT_TOO_LARGE: then there is no answer.
	 */
	int (*answer)(struct sallyport_helper *helper,
	    struct sallyport_request *request, const void *data, size_t len);

	/* A line for the log, with the module's name; escaped and bounded by
	 * the server, which reads no more than a hundred in ten seconds. */
	void (*log)(struct sallyport_helper *helper, enum sallyport_log level,
	    const char *format, ...) SALLYPORT_FORMAT(3, 4);
};

/*
 * host->ask_helper(login, request, len, reply, max, &reply_len, deadline):
 * ask the module's helper, from authenticate(), account(),
 * change_password(), open_session() or close_session().  deadline is in ms,
 * 60000 at most, 0 is 5000.  0, and the answer; or
 *
 *	SALLYPORT_STATE		another function, or a module without a helper
 *	SALLYPORT_TOO_LARGE	the request, or the answer for max
 *	SALLYPORT_TIMEOUT	no answer in time; it is never seen later
 *	SALLYPORT_SYSTEM	there is no helper at this moment, it has ended,
 *				it gave no answer, or one that is none
 *
 * After a failure the call of the module cannot allow: ALLOW and IGNORE are
 * taken as SALLYPORT_UNAVAILABLE, unless it has asked again with success.
 */

#endif
