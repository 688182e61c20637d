/*
 * The worker's settings from the configuration and the host keys, for the
 * master and the monitor template.
 */
#include "privsep/settings.h"

#include "config.h"

#include "config/kerberos.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/safefile.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/kexinit.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_alg.h"
#include "lib/ssh/lacking.h"
#include "lib/ssh/moduli.h"

#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

static char *
join(const struct strings *list)
{
	size_t len = 1;
	char *text;

	for (size_t i = 0; i < list->count; i++)
		len += strlen(list->items[i]) + 1;
	text = mem_zalloc(len);
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			strcat(text, ",");
		strcat(text, list->items[i]);
	}
	return text;
}

/* By its name: the keyholder read the rest, and a connection asks each time. */
static bool
serves(const struct key_alg *alg, struct bytes blob)
{
	const char *name = key_type_name(alg->type, alg->is_cert);
	const uint8_t *at;
	struct rd r;
	size_t len;

	rd_init(&r, blob.data, blob.len);
	at = rd_string(&r, blob.len, &len);
	return r.err == 0 && len == strlen(name) && memcmp(at, name, len) == 0;
}

int
settings_host_key(const struct offer *offer, const struct host_key_blob *keys,
    const char *algorithm)
{
	const struct key_alg *alg = key_alg_find(algorithm, strlen(algorithm));

	if (alg == NULL)
		return -1;
	for (size_t i = 0; i < offer->n_keys; i++) {
		const struct host_key_blob *key = &keys[offer->keys[i]];

		if (serves(
			alg, alg->is_cert ? key->certificate : key->public_key))
			return offer->keys[i];
	}
	return -1;
}

bool
settings_has_key(const struct offer *offer, unsigned key)
{
	for (size_t i = 0; i < offer->n_keys; i++)
		if (offer->keys[i] == key)
			return true;
	return false;
}

uint32_t
settings_keys(const struct offer *offer)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < offer->n_keys; i++)
		bits |= UINT32_C(1) << offer->keys[i];
	return bits;
}

unsigned
settings_offer(const struct config *config, const char *listener)
{
	unsigned number = 0;

	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *l = &config->listeners[i];

		number += l->offers;
		if (strcmp(l->name, listener) == 0)
			return l->offers ? number : 0;
	}
	return 0;
}

void
settings_keep_key(struct host_key_blob *blob, const char *path,
    const struct bytes *public_key, const struct bytes *certificate)
{
	blob->path = mem_strdup(path);
	blob->public_key.data = mem_dup(public_key->data, public_key->len);
	blob->public_key.len = public_key->len;
	blob->certificate.data = mem_dup(certificate->data, certificate->len);
	blob->certificate.len = certificate->len;
}

void
settings_free_key(struct host_key_blob *blob)
{
	free(blob->path);
	free((void *)(uintptr_t)blob->public_key.data);
	free((void *)(uintptr_t)blob->certificate.data);
	memset(blob, 0, sizeof(*blob));
}

/*
 * OpenSSH's client tells only names that begin with OpenSSH that its output is
 * read no more and that it opens no more sessions.  No number follows: what
 * stands there would be taken for a version of OpenSSH.
 */
const char *
settings_software(const struct config *c)
{
	return c->version_software != NULL ?
	    c->version_software :
	    "OpenSSH_compatible_sallyport_" PACKAGE_VERSION;
}

/*
 * server-sig-algs (RFC 8308) names what signatures are made with: a
 * certificate's key signs as the plain key does, and clients look for that
 * name only.  Each once.
 */
static char *
signature_algorithms(const struct strings *names)
{
	struct strings plain = {
	    .items = mem_array(names->count, sizeof(char *))};
	char *text;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		const struct key_alg *alg = key_alg_find(name, strlen(name));
		size_t k = 0;

		if (alg == NULL)
			continue;
		while (k < plain.count &&
		    strcmp(plain.items[k], alg->signature) != 0)
			k++;
		if (k == plain.count)
			plain.items[plain.count++] =
			    (char *)(uintptr_t)alg->signature;
	}
	text = join(&plain);
	free(plain.items);
	return text;
}

static char *
identification(const struct config *c)
{
	const char *software = settings_software(c);
	const char *more = c->version_addendum;

	return mem_printf("%s%s%s", software, more == NULL ? "" : " ",
	    more == NULL ? "" : more);
}

static void
choose_keys(struct offer *offer, const struct strings *paths,
    const struct host_key_blob *keys, size_t n_keys)
{
	for (size_t i = 0; i < paths->count; i++)
		for (size_t k = 0; k < n_keys; k++)
			if (strcmp(keys[k].path, paths->items[i]) == 0 &&
			    !settings_has_key(offer, (unsigned)k))
				offer->keys[offer->n_keys++] = (uint8_t)k;
}

/* GSS-API's methods before the others, and "null" behind the host keys. */
static void
add_key_exchange(struct offer *offer, const struct crypto_settings *c)
{
	char *kex = offer->kex, *hosts = offer->host_key_algorithms, *longer;

	for (size_t i = c->gss_kex.count; i-- > 0;) {
		longer = mem_printf(
		    "%s" KEX_GSS_KERBEROS ",%s", c->gss_kex.items[i], kex);
		free(kex);
		kex = longer;
	}
	offer->kex = kex;
	/* A listener without a key is refused: "null" does not stand for it. */
	if (hosts[0] == '\0' || c->gss_kex.count == 0)
		return;
	offer->host_key_algorithms = mem_printf("%s," KEXINIT_NULL, hosts);
	free(hosts);
}

static void
make_offer(struct offer *offer, const struct config *config,
    const struct crypto_settings *c, const struct strings *paths,
    const struct host_key_blob *keys, size_t n_keys)
{
	const struct strings *names = &c->host_key_algorithms;
	struct strings usable = {
	    .items = mem_array(names->count, sizeof(char *))};

	choose_keys(offer, paths, keys, n_keys);
	for (size_t i = 0; i < names->count; i++)
		if (settings_host_key(offer, keys, names->items[i]) >= 0)
			usable.items[usable.count++] = names->items[i];
	offer->kex = join(&c->kex);
	offer->host_key_algorithms = join(&usable);
	offer->ciphers = join(&c->ciphers);
	offer->macs = join(&c->macs);
	offer->compression = join(&c->compression);
	if (config_exchanges_by_gss(config))
		add_key_exchange(offer, c);
	free(usable.items);
}

struct settings *
settings_make(const struct config *config, const struct host_key_blob *keys,
    size_t n_keys, const char *moduli)
{
	const struct crypto_settings *c = &config->crypto;
	struct settings *s = mem_zalloc(sizeof(*s));

	s->offers = mem_array(1 + config->listener_count, sizeof(struct offer));
	make_offer(&s->offers[s->n_offers++], config, c, &config->host_keys,
	    keys, n_keys);
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *l = &config->listeners[i];

		if (l->offers)
			make_offer(&s->offers[s->n_offers++], config,
			    &l->crypto, &l->host_keys, keys, n_keys);
	}
	s->signature_algorithms = signature_algorithms(&c->key_algorithms);
	s->identification = identification(config);
	s->config = config;
	s->moduli = moduli;
	return s;
}

static void
leave_out(char **list, lacking_fn *lacks)
{
	char *left = lacking_left_out(*list, lacks);

	free(*list);
	*list = left;
}

void
settings_leave_out_lacking(struct settings *s)
{
	for (size_t i = 0; i < s->n_offers; i++)
		leave_out(&s->offers[i].kex, lacking_kex);
	leave_out(&s->signature_algorithms, lacking_key_alg);
}

void
settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_offers; i++) {
		free(s->offers[i].kex);
		free(s->offers[i].host_key_algorithms);
		free(s->offers[i].ciphers);
		free(s->offers[i].macs);
		free(s->offers[i].compression);
	}
	free(s->offers);
	free(s->signature_algorithms);
	free(s->identification);
	free(s);
}

void
settings_offer_message(const struct offer *offer, struct msg_offer *m)
{
	memset(m, 0, sizeof(*m));
	m->kex = offer->kex;
	m->host_key_algorithms = offer->host_key_algorithms;
	m->ciphers = offer->ciphers;
	m->macs = offer->macs;
	m->compression = offer->compression;
}

void
settings_message(const struct settings *s, struct msg_settings *m)
{
	const struct config *c = s->config;

	memset(m, 0, sizeof(*m));
	m->signature_algorithms = s->signature_algorithms;
	m->identification = s->identification;
	m->rekey_bytes = c->crypto.rekey_bytes;
	m->rekey_seconds = c->crypto.rekey_seconds == CONFIG_NONE ?
	    0 :
	    c->crypto.rekey_seconds;
	m->window_max = c->limits.window_max;
	m->tcp_keepalive = c->tcp_keepalive;
	m->tos_interactive =
	    c->ip_qos_interactive == CONFIG_NONE ? 0 : c->ip_qos_interactive;
	m->tos_bulk = c->ip_qos_bulk == CONFIG_NONE ? 0 : c->ip_qos_bulk;
	m->moduli.data = (const uint8_t *)s->moduli;
	m->moduli.len = s->moduli == NULL ? 0 : strlen(s->moduli);
}

/* Lines of text that are drawn: every n-th from a random one, until full. */
static void
sample(const char *text, size_t len, struct buf *out)
{
	size_t step = len / (WALL_MODULI_MAX - 16384) + 1, number;
	uint32_t first = 0;
	const char *at = text, *end = &text[len];

	if (getrandom(&first, sizeof(first), 0) < 0)
		first = 0;
	for (number = first % step; at < end; number++) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t n = line_end == NULL ? (size_t)(end - at) :
					      (size_t)(line_end - at) + 1;

		if (number % step == 0 && at[0] != '#' &&
		    out->len + n < WALL_MODULI_MAX)
			buf_bytes(out, at, n);
		at = &at[n];
	}
}

char *
settings_moduli(const struct config *config)
{
	static const struct safefile_rules rules = {
	    .flags = SAFEFILE_FOLLOW, .max = MODULI_FILE_MAX};
	const char *path = config->crypto.moduli_file;
	char why[SAFEFILE_WHY_MAX], *text;
	struct buf file, out;
	struct moduli *parsed = NULL;
	unsigned line = 0;

	buf_init(&file, MODULI_FILE_MAX);
	buf_init(&out, WALL_MODULI_MAX);
	if (path != NULL && path[0] != '\0' &&
	    safefile_read(path, &rules, &file, why) == 0)
		sample((const char *)file.data, file.len, &out);
	if (out.len != 0 &&
	    moduli_parse((const char *)out.data, out.len, &parsed, &line) !=
		0) {
		log_warn("%s: a line that is not a group; the built-in groups "
			 "serve",
		    path);
		buf_clear(&out);
	}
	moduli_free(parsed);
	text = mem_strndup((const char *)out.data, out.len);
	buf_free(&out);
	buf_free(&file);
	return text;
}
