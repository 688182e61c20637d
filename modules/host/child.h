/*
 * Code of modules in a child: it may crash, hang or exit, and is told then.
 */
#ifndef MODULES_HOST_CHILD_H
#define MODULES_HOST_CHILD_H

#include "lib/buf.h"

#include <stddef.h>

/* Writes its answer to out; its return is the end of the child. */
typedef void child_work(void *arg, struct buf *out);

/*
 * Run work in a child that has so many seconds (0: any), standard output
 * being standard error.  0, with its answer in *out (of buf_init()); else
 * E_SYSTEM, and why[] says how the child ended.  Processes that it leaves are
 * ended, unless the caller has children of its own.
 */
int child_run(child_work *work, void *arg, unsigned seconds, struct buf *out,
    char *why, size_t why_size);

#endif
