/*
 * A host that knows one user and notes nothing, for the targets here.
 */
#ifndef TESTS_FUZZ_MODULES_STUB_H
#define TESTS_FUZZ_MODULES_STUB_H

#include "modules/publickey/publickey.h"

/* A request by the certificate in stub.c, in a static struct. */
struct request *stub_request(void);
void stub_done(struct request *r);

#endif
