/*
 * A keyholder under test: a child runs keyholder_run() in its real sandbox, and
 * the test plays the master and monitors.
 */
#ifndef TESTS_UNIT_KEY_RIG_KEYHOLDER_H
#define TESTS_UNIT_KEY_RIG_KEYHOLDER_H

#include "privsep/wall.h"

#include <sys/types.h>

extern char *folder;
extern char *key_paths[8], *cert_paths[2];
extern size_t key_count, cert_count;
extern pid_t child;
extern struct wall master;

void make_folder(void);
void clean_up(void);
char *install(const char *name, mode_t mode);
void add_key(const char *name, mode_t mode);
void start(void);
int exit_status(void);
void expect_key(uint32_t index, const char *public, const char *certificate);
void expect_ready(void);
void attend(struct wall *monitor, uint32_t keys);
int ask_bytes(struct wall *monitor, uint32_t index, const char *public,
    const char *algorithm, const void *data, size_t len);
int ask(struct wall *monitor, uint32_t index, const char *public,
    const char *algorithm, const char *data);

#endif
