/* Imports of texts, for the cases of config/import*.c. */
#ifndef TESTS_UNIT_CONFIG_IMPORTED_H
#define TESTS_UNIT_CONFIG_IMPORTED_H

/* A folder of the case's own, from begin to end. */
extern char *imported_place;
void imported_begin(void);
void imported_end(void);

/* A file in it; the path, which the caller frees. */
char *imported_put(const char *name, const char *text);

/* The import of a text, and its report without the path; both allocated. */
char *imported(const char *text, char **report);

#endif
