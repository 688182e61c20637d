/*
 * The first steps of the programs that a monitor execs (session_exec.h):
 * sallyport-session and sallyport-recorder.
 */
#ifndef PRIVSEP_EXEC_START_H
#define PRIVSEP_EXEC_START_H

struct exec_start {
	const char *name, *version; /* of the program; session_version() */
	const char *purpose; /* for somebody at a terminal */
	int last_wall; /* its walls are SESSION_MONITOR_FD to this */
};

/*
 * Not dumpable; asked by somebody what it is, or by a monitor's template
 * whether it runs, the program answers and ends.  It ends, too, unless root
 * started it with an argument of this version and sockets where its walls
 * should be.  The title may be set afterwards.
 */
void exec_start(const struct exec_start *e, int argc, char **argv);

#endif
