/*
 * Text from outside, made fit for a log: whatever is not printable UTF-8
 * (control bytes, C1, broken sequences, bidi and other invisible controls)
 * is written as \n, \r, \t or \xNN, so one value stays one piece of one line.
 */
#ifndef LIB_ESCAPE_H
#define LIB_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Replaces the end of a text that had to be cut. */
#define ESCAPE_CUT "..."

enum escape {
	ESCAPE_LINE = 0, /* whole lines; escaping twice changes nothing */
	ESCAPE_BACKSLASH = 1, /* double backslashes as well: unambiguous */
	ESCAPE_SPACE = 2, /* spaces as \x20: the value stays one word */
};

/*
 * Write len bytes of data into out[size] (size >= 8), always terminated;
 * returns the length written.  What does not fit is cut between two
 * characters and ends in ESCAPE_CUT.  flags: enum escape.
 */
size_t escape(
    char *out, size_t size, const void *data, size_t len, unsigned flags);

/* The same for a C string; of a long one only what can fit is looked at. */
size_t escape_text(char *out, size_t size, const char *text, unsigned flags);

/*
 * The length (1-4) of the printable UTF-8 character that data[len] starts
 * with; 0 if there is none.
 */
size_t escape_printable(const void *data, size_t len);

/* The length (1-4) of the UTF-8 character that data[len] starts with, and the
 * character, printable or not; 0 if there is none. */
size_t escape_character(const void *data, size_t len, uint32_t *character);
/* Is the character one that shows, and shows where it stands? */
bool escape_shows(uint32_t character);

#endif
