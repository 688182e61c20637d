/*
 * Lines into a descriptor that somebody else reads: standard error, or a log
 * that is a pipe.  The reader may stop reading, and no process of ours is to
 * wait for it: what is not taken in time is lost, and counted.  A file takes
 * everything.
 */
#ifndef LIB_LINE_OUT_H
#define LIB_LINE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct line_out {
	int fd; /* -1: none */
	int own; /* the same pipe or terminal, opened without waiting; -1 */
	bool is_socket;
	bool stuck; /* was waited for in vain: not again until it takes one */
	bool cut; /* the last line was taken in part */
	uint64_t untold; /* lines lost, of this process */
	pid_t pid;
};

/*
 * Use fd from now on, -1: none.  It stays the caller's.  Before a chroot or a
 * sandbox: /proc and open() are needed.
 */
void line_out_use(struct line_out *o, int fd);

/* Stamp and line, and a newline.  False: lost.  Keeps errno. */
bool line_out_write(
    struct line_out *o, const char *stamp, const char *line, size_t len);

/* Lines lost that nobody has been told of; they count as told. */
uint64_t line_out_untold(struct line_out *o);

#endif
