/*
 * Errands that run a program for a login, in a child with a deadline.  Both
 * return 0 or an enum sallyport_error, and why[] is for one sentence.
 */
#ifndef PRIVSEP_ERRAND_RUN_H
#define PRIVSEP_ERRAND_RUN_H

#include "privsep/errand.h"

/* Run a program for this user's login; as host->run() says. */
int errand_run(const struct sallyport_command *command, uid_t whose,
    char **output, size_t *len, int *status, char *why, size_t why_size);

/* A program that is run for a login, and its bounds. */
struct errand_program {
	struct errand_as as;
	const char *const *argv; /* argv[0]: the path; root's all the way */
	const char *const *environment; /* NULL: PATH alone */
	int input; /* its standard input; -1: /dev/null */
	bool bare; /* without root's capabilities, also as root */
	unsigned at_once; /* so many of the user's at most; 0: any number */
	unsigned deadline_ms; /* then its group is killed */
	size_t output_max;
};

/* Run it: 0, what it printed (allocated), and its status as host->run(). */
int errand_program(const struct errand_program *program, char **output,
    size_t *len, int *status, char *why, size_t why_size);

#endif
