/*
 * Under valgrind, secrets are marked as undefined: memcheck then reports each
 * branch and each address that depends on one.  What is checked is the code
 * as it is shipped; constant_time.sh runs it and, with PLANT_LEAK compiled
 * in, makes sure that a leak would have been found.
 *
 * The clients' halves are included, so that what is public by design (a key
 * made from a secret seed) can be declared so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define SECRET(data, len) ((void)VALGRIND_MAKE_MEM_UNDEFINED(data, len))
#define PUBLIC(data, len) ((void)VALGRIND_MAKE_MEM_DEFINED(data, len))
#define WATCHED		  (RUNNING_ON_VALGRIND != 0)
#else
#define SECRET(data, len) ((void)(data), (void)(len))
#define PUBLIC(data, len) ((void)(data), (void)(len))
#define WATCHED		  0
#endif

#define MLKEM_DECLASSIFY(data, len)  PUBLIC(data, len)
#define SNTRUP_DECLASSIFY(data, len) PUBLIC(data, len)
#include "lib/ssh/mlkem_client.c"
#define decrypt sntrup_decrypt /* two files' statics in one program */
#include "lib/ssh/sntrup_client.c"

#include "lib/ssh/digest.h"

static void
must(int err)
{
	if (err != 0) {
		fprintf(stderr, "failed: %d\n", err);
		exit(1);
	}
}

#ifdef PLANT_LEAK
static volatile unsigned leaked;
static const uint8_t table[256] = {1};

/* Planted leaks, to show that the test finds them: 1 branches, 2 indexes. */
static void
leak(int kind, const void *secret)
{
	const uint8_t *byte = secret;

	if (kind == 1 && (*byte & 1) != 0)
		leaked++;
	if (kind == 2)
		leaked += ((const volatile uint8_t *)table)[*byte];
}
#else
#define leak(kind, secret) ((void)(kind))
#endif

static void
run_mlkem(enum mlkem_size size, int kind)
{
	const struct mlkem_params *p = mlkem_params_of(size);
	uint8_t seeds[64], m[32], ek[MLKEM_EK_MAX], dk[MLKEM_DK_MAX];
	uint8_t cipher[MLKEM_CIPHER_MAX], first[32], second[32];

	RAND_bytes(seeds, sizeof(seeds));
	RAND_bytes(m, sizeof(m));
	SECRET(seeds, sizeof(seeds));
	SECRET(m, sizeof(m));
	must(mlkem_keygen(size, seeds, &seeds[32], ek, dk));
	/* dk ends in ek, H(ek), z: of these, z alone is secret. */
	PUBLIC(&dk[dk_places(p).hash], 32);
	must(mlkem_encaps_own(size, ek, m, cipher, first));
	leak(kind, first);
	PUBLIC(cipher, sizeof(cipher)); /* it is sent */
	must(mlkem_decaps(size, dk, cipher, second));
	PUBLIC(first, sizeof(first));
	PUBLIC(second, sizeof(second));
	must(memcmp(first, second, sizeof(first)));
	cipher[7] ^= 1; /* refused without a sign of it */
	must(mlkem_decaps(size, dk, cipher, second));
	PUBLIC(second, sizeof(second));
	must(memcmp(first, second, sizeof(first)) == 0);
}

static int
secret_random(void *context, void *data, int len)
{
	(void)context;
	if (RAND_bytes(data, len) != 1)
		return 0;
	SECRET(data, (size_t)len);
	return 1;
}

static void
run_sntrup(int kind)
{
	uint8_t pk[SNTRUP_PK_LEN], sk[SNTRUP_SK_LEN], first[32], second[32];
	uint8_t cipher[SNTRUP_CIPHER_LEN];
	uint32_t bits[SNTRUP_P];

	must(sntrup_keygen_with(secret_random, NULL, pk, sk));
	secret_random(NULL, bits, sizeof(bits));
	must(sntrup_encaps_with(pk, bits, cipher, first));
	leak(kind, first);
	PUBLIC(cipher, sizeof(cipher));
	must(sntrup_decaps(sk, cipher, second));
	PUBLIC(first, sizeof(first));
	PUBLIC(second, sizeof(second));
	must(memcmp(first, second, sizeof(first)));
	cipher[7] ^= 1;
	must(sntrup_decaps(sk, cipher, second));
	PUBLIC(second, sizeof(second));
	must(memcmp(first, second, sizeof(first)) == 0);
}

/* constant_time mlkem|mlkem1024|sntrup [kind of leak] */
int
main(int argc, char **argv)
{
	int kind = argc > 2 ? atoi(argv[2]) : 0;

	if (argc < 2 || !WATCHED) {
		fprintf(stderr, "to be run by valgrind\n");
		return 77;
	}
	must(digest_preload());
	if (strcmp(argv[1], "mlkem") == 0)
		run_mlkem(MLKEM_768, kind);
	else if (strcmp(argv[1], "mlkem1024") == 0)
		run_mlkem(MLKEM_1024, kind);
	else
		run_sntrup(kind);
	puts("done");
	return 0;
}
