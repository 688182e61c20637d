/*
 * Finds the host that a key belongs to: the administrator's known_hosts, and
 * the user's own if that is configured; plain and hashed names, certificates of
 * host CAs.
 */
#include "modules/hostbased/hostbased.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/known_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
hb_read(const struct hb_request *r, const char *path, bool of_user, size_t *len)
{
	char why[SAFEFILE_WHY_MAX] = "", *text = NULL;
	struct buf b;
	int fd = -1, err;

	buf_init(&b, HB_FILE_MAX);
	if (of_user)
		err = hb_host->open_user_file(
		    r->login, path, HB_FILE_MAX, &fd, why, sizeof(why));
	else
		err = hb_host->open_file(
		    r->login, path, HB_FILE_MAX, &fd, why, sizeof(why));
	if (err == SALLYPORT_OK) {
		if (safefile_read_fd(fd, HB_FILE_MAX, &b) == 0) {
			size_t mark = safefile_mark(b.data, b.len);

			text = mem_strndup(
			    (const char *)&b.data[mark], b.len - mark);
			*len = strlen(text);
		}
		close(fd);
	} else if (err != SALLYPORT_NOT_FOUND) {
		hb_host->audit(r->login, "keyfile_refused", path, "%s", why);
	}
	buf_free(&b);
	return text;
}

static bool
cert_is_good(const struct hb_request *r)
{
	const char *names[1] = {r->name};
	const struct cert_rules rules = {.kind = CERT_HOST,
	    .names = names,
	    .name_count = 1,
	    .now = (uint64_t)hb_host->number(r->login, SALLYPORT_TIME),
	    .rsa_min_bits =
		(unsigned)hb_host->number(r->login, SALLYPORT_RSA_BITS),
	    .ca_algorithms = hb_host->text(r->login, SALLYPORT_CA_ALGORITHMS)};
	char why[256] = "";

	if (cert_check(r->key, &rules, why, sizeof(why)) == CERT_GOOD)
		return true;
	hb_host->reason(r->login, "%s", why);
	return false;
}

/* By name, then by address; a revocation anywhere wins. */
static enum known_hosts_answer
find(const struct hb_request *r, const char *text, size_t len)
{
	enum known_hosts_answer by_name, by_address;

	by_name = known_hosts_find(text, len, r->name, 0, r->key, NULL);
	if (by_name == KNOWN_HOSTS_REVOKED)
		return by_name;
	by_address = known_hosts_find(text, len, r->address, 0, r->key, NULL);
	if (by_address == KNOWN_HOSTS_REVOKED)
		return by_address;
	/* An address alone is no name in a packet's world. */
	if (by_name == KNOWN_HOSTS_UNKNOWN && !r->state->name_from_packet)
		return by_address;
	return by_name;
}

static enum known_hosts_answer
find_in(const struct hb_request *r, const char *path, bool of_user)
{
	enum known_hosts_answer answer;
	size_t len;
	char *text = hb_read(r, path, of_user, &len);

	if (text == NULL)
		return KNOWN_HOSTS_UNKNOWN;
	answer = find(r, text, len);
	free(text);
	return answer;
}

/* Note an answer; false ends the search: revoked. */
static bool
note(enum known_hosts_answer answer, enum known_hosts_answer *best)
{
	if (answer == KNOWN_HOSTS_REVOKED) {
		*best = answer;
		return false;
	}
	if (*best == KNOWN_HOSTS_UNKNOWN)
		*best = answer;
	return true;
}

bool
hb_is_known(const struct hb_request *r)
{
	enum known_hosts_answer best = KNOWN_HOSTS_UNKNOWN;
	bool go_on = true;

	for (size_t i = 0; i < r->state->known_hosts_count && go_on; i++)
		go_on =
		    note(find_in(r, r->state->known_hosts[i], false), &best);
	if (go_on && r->state->user_files) {
		char *path = mem_printf("%s/.ssh/known_hosts",
		    hb_host->text(r->login, SALLYPORT_HOME));

		note(find_in(r, path, true), &best);
		free(path);
	}
	if (best == KNOWN_HOSTS_KEY && key_cert(r->key) == NULL)
		return true;
	if (best == KNOWN_HOSTS_CA)
		return cert_is_good(r);
	hb_host->reason(r->login,
	    best == KNOWN_HOSTS_REVOKED ? "key of %s is revoked" :
					  "key is not known for %s",
	    r->name);
	return false;
}
