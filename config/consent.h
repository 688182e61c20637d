/*
 * The text that a login must agree to (the grant consent_file): what a client
 * is shown of it, and which answer agrees.
 */
#ifndef CONFIG_CONSENT_H
#define CONFIG_CONSENT_H

#include <stdbool.h>
#include <stddef.h>

/* Larger files are refused; the text is one prompt of RFC 4256. */
#define CONSENT_FILE_MAX 8192

/*
 * The text as it is shown, in *text, to be freed: without a byte order mark,
 * lines ended by "\n", and whatever is no printable UTF-8 as "?".  NULL, or why
 * the bytes cannot be agreed to: a static sentence.
 */
const char *consent_text(const void *data, size_t len, char **text);

/* "yes" in any case, with blanks around it; nothing else agrees. */
bool consent_agrees(const char *answer);

/*
 * As check sees it: NULL, or why a start would not take the file, in why of
 * SAFEFILE_WHY_MAX bytes.
 */
const char *consent_check_file(const char *path, char *why);

#endif
