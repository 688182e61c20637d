/*
 * Algorithms that are built in and that the libcrypto of this machine cannot
 * do, as it is configured: they are neither offered nor accepted, and
 * `sallyportctl check` says why.
 */
#ifndef LIB_SSH_LACKING_H
#define LIB_SSH_LACKING_H

/*
 * Why the algorithm of that name cannot be had here, a sentence without its
 * stop; NULL when it can, or when no such name is known.  Static.  Asked after
 * kex_preload() or key_preload() of the same process.
 */
typedef const char *lacking_fn(const char *name);

lacking_fn lacking_kex;
lacking_fn lacking_key_alg;

/* The names of a list (with commas) that are not lacking; the caller's. */
char *lacking_left_out(const char *list, lacking_fn *lacks);

#endif
