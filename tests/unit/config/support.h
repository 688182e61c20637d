/* Shared by the cases: configurations from text, problems as text. */
#ifndef TESTS_UNIT_CONFIG_SUPPORT_H
#define TESTS_UNIT_CONFIG_SUPPORT_H

#include "config/load.h"
#include "config/policy/policy.h"

/* A configuration from one text; fails the case when it has an error. */
struct config *config_of(const char *text);

/* The problems of one text, a line each; the caller frees it. */
char *problems_of(const char *text);

/* The same, of count files "a.conf", "b.conf", ... in this order. */
char *problems_of_files(const char *const *texts, size_t count);

/* How many lines. */
size_t lines_in(const char *text);

/* The bytes of a file, terminated; the caller frees them. */
char *file_text(const char *path);

/* The timeout that the worker would read from the decision's
 * channel_timeouts. */
uint32_t channel_timeout_of(const struct decision *d, const char *kind);

/* Facts of an ordinary user "alice", uid 1000, group "staff", 192.0.2.1. */
struct policy_facts facts_of_alice(void);

/* On any of the addresses that host stands for. */
bool may_listen(const struct decision *d, const char *host, uint32_t port);

#endif
