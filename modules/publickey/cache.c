/*
 * Outputs of key commands, kept for their lifetime in memory that all
 * connections share: it is made before the first fork.  A connection that is
 * killed while it holds the lock leaves the cache to be emptied.
 */
#include "modules/publickey/publickey.h"

#include "lib/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/sha.h>

#define SLOTS	  64
#define SLOT_TEXT (64 * 1024)

struct slot {
	uint8_t key[SHA256_DIGEST_LENGTH];
	uint64_t until; /* 0: empty */
	size_t len;
	char text[SLOT_TEXT];
};

struct cache {
	pthread_mutex_t lock;
	struct slot slots[SLOTS];
};

struct cache *
cache_create(void)
{
	struct cache *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attributes;

	if (c == MAP_FAILED)
		return NULL;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&c->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return c;
}

void
cache_free(struct cache *c)
{
	if (c != NULL)
		munmap(c, sizeof(*c));
}

static bool
enter(struct cache *c)
{
	int err = pthread_mutex_lock(&c->lock);

	if (err == EOWNERDEAD) {
		/* Somebody died in the middle of writing: trust nothing. */
		for (size_t i = 0; i < SLOTS; i++)
			c->slots[i].until = 0;
		err = pthread_mutex_consistent(&c->lock);
	}
	return err == 0;
}

static void
digest(const char *key, uint8_t out[SHA256_DIGEST_LENGTH])
{
	SHA256((const uint8_t *)key, strlen(key), out);
}

char *
cache_get(struct cache *c, const char *key, uint64_t now, size_t *len)
{
	uint8_t name[SHA256_DIGEST_LENGTH];
	char *text = NULL;

	if (c == NULL || !enter(c))
		return NULL;
	digest(key, name);
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &c->slots[i];

		if (s->until <= now || s->len > SLOT_TEXT ||
		    memcmp(s->key, name, sizeof(name)) != 0)
			continue;
		text = mem_zalloc(s->len + 1);
		memcpy(text, s->text, s->len);
		*len = s->len;
		break;
	}
	pthread_mutex_unlock(&c->lock);
	return text;
}

/* Into its own slot, else into the one that ends first. */
void
cache_put(struct cache *c, const char *key, const char *text, size_t len,
    uint64_t until)
{
	uint8_t name[SHA256_DIGEST_LENGTH];
	struct slot *place;

	if (c == NULL || len > SLOT_TEXT || !enter(c))
		return;
	digest(key, name);
	place = &c->slots[0];
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &c->slots[i];

		if (s->until != 0 && memcmp(s->key, name, sizeof(name)) == 0) {
			place = s;
			break;
		}
		if (s->until < place->until)
			place = s;
	}
	place->until = 0;
	memcpy(place->key, name, sizeof(name));
	memcpy(place->text, text, len);
	place->len = len;
	place->until = until;
	pthread_mutex_unlock(&c->lock);
}
