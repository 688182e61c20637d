/*
 * The process's name in ps(1) and top(1).
 */
#ifndef PRIVSEP_TITLE_H
#define PRIVSEP_TITLE_H

/* Longest title; the processes that are exec'd get an argv[0] of this size. */
#define TITLE_MAX 160

/*
 * Where argv lies, once, at the start.  The room of the environment behind it
 * is taken, too: the environment is copied elsewhere first.
 */
void title_init(int argc, char **argv);

/* "sallyportd: TITLE", cut to the room; the thread's name is its last word. */
void title_set(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* name[TITLE_MAX]: an argv[0] that leaves room for any title. */
void title_blank(char *name);

#endif
