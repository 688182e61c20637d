/*
 * Ends of a process: die() when the outside broke a rule or the machine
 * failed us, bug() when we broke one.  For daemon/ and privsep/ only; the
 * log must be open.
 */
#ifndef PRIVSEP_DIE_H
#define PRIVSEP_DIE_H

void die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));
/* The same, with the text of errno at the end. */
void die_errno(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void bug(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
