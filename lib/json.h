/*
 * Text as a string of JSON (RFC 8259).
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdio.h>

/*
 * Write text as a JSON string, with its quotes.  Characters that do not show
 * are written as \uXXXX, so that the output is fit for a terminal; a byte that
 * is no UTF-8 becomes U+FFFD.
 */
void json_quote(FILE *out, const char *text);

#endif
