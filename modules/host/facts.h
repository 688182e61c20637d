/*
 * The facts that a module can ask for: host->text(), number(), bytes(), and
 * what it tells of the key and the reason.
 */
#ifndef MODULES_HOST_FACTS_H
#define MODULES_HOST_FACTS_H

#include "modules/host/login.h"

/* Each as the function of its name in struct sallyport_host. */
const char *host_text(struct sallyport_login *login, enum sallyport_text which);
int64_t host_number(struct sallyport_login *login, enum sallyport_number which);
const uint8_t *host_bytes(
    struct sallyport_login *login, enum sallyport_bytes which, size_t *len);
void host_reason(struct sallyport_login *login, const char *format, ...)
    SALLYPORT_FORMAT(2, 3);
int host_key(struct sallyport_login *login, const struct sallyport_key *key);

#endif
