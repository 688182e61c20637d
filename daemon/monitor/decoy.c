/*
 * Delay and junk for failures, in the monitor.  A user who does not exist
 * costs less work than one who does; the floor hides that, and its secret
 * part keeps an attacker from learning the floor and subtracting it.
 */
#include "daemon/monitor/decoy.h"

#include "lib/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DELAY_MAX (20 * 1000000ull)

static uint8_t secret[32];

void
decoy_init(void)
{
	size_t got = 0;

	while (got < sizeof(secret)) {
		ssize_t n = getrandom(&secret[got], sizeof(secret) - got, 0);

		if (n > 0)
			got += (size_t)n;
	}
}

uint64_t
decoy_delay(const char *user, uint64_t floor, uint64_t elapsed)
{
	uint8_t mac[EVP_MAX_MD_SIZE] = {0};
	unsigned mac_len = 0;
	uint32_t part;
	uint64_t delay;

	if (floor == 0)
		return 0;
	HMAC(EVP_sha256(), secret, sizeof(secret), (const uint8_t *)user,
	    strlen(user), mac, &mac_len);
	memcpy(&part, mac, sizeof(part));
	delay = floor + floor / 256 * (part % 1024) / 1024;
	while (delay < elapsed && delay < DELAY_MAX)
		delay *= 2;
	return delay;
}

uint64_t
decoy_jitter(uint64_t floor)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return 0;
	return floor / 4 * (random % 4096) / 4096;
}

void
decoy_password(char *password, size_t len)
{
	static const char junk[] = "\b\n\r\177INCORRECT";

	for (size_t i = 0; i < len; i++)
		password[i] = junk[i % (sizeof(junk) - 1)];
}
