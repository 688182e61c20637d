/*
 * A useful module by its header alone: time-based codes (RFC 6238, SHA-1, six
 * digits, 30 seconds), each of which counts once.
 */
#include "modules/sallyport_module.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_SECONDS 30

static const struct sallyport_host *host;
static const char *const methods[] = {"keyboard-interactive", NULL};

static const struct sallyport_option options[] = {
    {.name = "*.secret",
	.type = SALLYPORT_TEXT,
	.help = "hexadecimal digits, for the user of that name"},
    {.name = "drift",
	.type = SALLYPORT_SECONDS,
	.min = 0,
	.max = 300,
	.fallback = "30s",
	.help = "how wrong a token's clock may be"},
    {.name = NULL},
};

struct state {
	const struct sallyport_setting *settings;
	size_t count;
	int64_t drift;
};

static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **out)
{
	struct state *s = calloc(1, sizeof(*s));

	host = h;
	*out = s;
	if (s == NULL)
		return -1;
	s->settings = settings;
	s->count = count;
	s->drift = 30;
	for (size_t i = 0; i < count; i++)
		if (strcmp(settings[i].name, "drift") == 0)
			s->drift = atoll(settings[i].value);
		else if (strspn(settings[i].value, "0123456789abcdef") % 2 ||
		    strlen(settings[i].value) < 32)
			h->problem(&settings[i],
			    "a secret has 16 bytes or more, in hexadecimal");
	return 0;
}

static void
unload(void *state)
{
	free(state);
}

static void *
begin(void *state, struct sallyport_login *login)
{
	(void)login;
	return state;
}

static size_t
secret_of(const struct state *s, const char *user, unsigned char out[64])
{
	char name[300], byte[3] = "";
	size_t n = 0;

	snprintf(name, sizeof(name), "%s.secret", user);
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->settings[i].name, name) == 0)
			for (const char *p = s->settings[i].value;
			     p[0] != '\0' && p[1] != '\0' && n < 64; p += 2) {
				memcpy(byte, p, 2);
				out[n++] =
				    (unsigned char)strtoul(byte, NULL, 16);
			}
	return n;
}

/* RFC 4226 section 5.3. */
static unsigned
code_at(const unsigned char *key, size_t len, uint64_t counter)
{
	unsigned char text[8], mac[EVP_MAX_MD_SIZE];
	unsigned at, mac_len = 0;

	for (int i = 0; i < 8; i++)
		text[i] = (unsigned char)(counter >> (56 - 8 * i));
	if (HMAC(EVP_sha1(), key, (int)len, text, 8, mac, &mac_len) == NULL)
		return 1000000; /* no code */
	at = mac[mac_len - 1] & 15;
	return ((mac[at] & 0x7fu) << 24 | (unsigned)mac[at + 1] << 16 |
		   (unsigned)mac[at + 2] << 8 | mac[at + 3]) %
	    1000000;
}

/* Not one that counted already, nor one before it. */
static enum sallyport_verdict
spend(struct sallyport_login *login, uint64_t counter)
{
	const char *user = host->text(login, SALLYPORT_USER);
	char text[32];
	void *data;
	size_t len;
	int err = host->state_read(login, user, &data, &len);

	if (err == SALLYPORT_OK) {
		uint64_t last = strtoull(data, NULL, 10);

		free(data);
		if (counter <= last) {
			host->reason(login, "the code has been used");
			return SALLYPORT_DENY;
		}
	} else if (err != SALLYPORT_NOT_FOUND) {
		return SALLYPORT_UNAVAILABLE;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)counter);
	return host->state_write(login, user, text, strlen(text)) ==
		SALLYPORT_OK ?
	    SALLYPORT_ALLOW :
	    SALLYPORT_UNAVAILABLE;
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "Code: ", .echo = 1};
	const struct state *s = connection;
	unsigned char key[64];
	uint64_t now, drift = (uint64_t)s->drift / STEP_SECONDS;
	size_t len = secret_of(s, host->text(login, SALLYPORT_USER), key);
	char *end;
	unsigned long typed;

	if (host->ask(login, NULL, &prompt, 1) != SALLYPORT_OK || len == 0)
		return SALLYPORT_DENY;
	typed = strtoul(prompt.answer, &end, 10);
	if (strlen(prompt.answer) != 6 || *end != '\0')
		return SALLYPORT_DENY;
	/* By the clock of the answer. */
	now = (uint64_t)host->number(login, SALLYPORT_TIME) / STEP_SECONDS;
	for (uint64_t at = now - drift; at <= now + drift; at++)
		if (code_at(key, len, at) == typed)
			return spend(login, at);
	return SALLYPORT_DENY;
}

SALLYPORT_MODULE = {
    SALLYPORT_SIZES,
    .name = "totp",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .unload = unload,
    .begin = begin,
    .authenticate = authenticate,
};
