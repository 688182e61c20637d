/*
 * Revocation lists.  They are read when the server starts; a connection that
 * finds a list replaced on disk reads it again, so no reload is needed.  One
 * that is configured and cannot be used, or has not been renewed for longer
 * than it may, refuses every key: silence is no proof of innocence.
 */
#include "modules/publickey/publickey.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/safefile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void
pk_revoked_read(struct revocation *v)
{
	const struct safefile_rules rules = {
	    .flags = SAFEFILE_FOLLOW, .max = KRL_FILE_MAX};
	struct buf b;
	unsigned line = 0;
	int fd = -1, err;

	krl_free(v->krl);
	v->krl = NULL;
	memset(&v->seen, 0, sizeof(v->seen));
	v->why[0] = '\0';
	buf_init(&b, KRL_FILE_MAX);
	err = safefile_open(v->path, &rules, &fd, v->why);
	if (err == 0) {
		if (fstat(fd, &v->seen) != 0)
			err = E_SYSTEM;
		if (err == 0)
			err = safefile_read_fd(fd, KRL_FILE_MAX, &b);
		if (err == 0)
			err = krl_parse(b.data, b.len, &v->krl, &line);
		close(fd);
	}
	if (err != 0 && v->why[0] == '\0' && line > 0)
		snprintf(
		    v->why, sizeof(v->why), "line %u: %s", line, err_text(err));
	else if (err != 0 && v->why[0] == '\0')
		snprintf(v->why, sizeof(v->why), "%s", err_text(err));
	buf_free(&b);
}

static bool
is_usable(struct request *r, struct revocation *v)
{
	int64_t now = pk_host->number(r->login, SALLYPORT_TIME);
	uint32_t max_age = r->state->revoked_max_age;
	struct stat st;

	if (stat(v->path, &st) != 0 || v->krl == NULL ||
	    !is_same_file(&st, &v->seen))
		pk_revoked_read(v);
	if (v->krl == NULL)
		return false;
	if (max_age != 0 && now - v->seen.st_mtim.tv_sec > (int64_t)max_age) {
		snprintf(v->why, sizeof(v->why),
		    "it is %lld seconds old, "
		    "%u are allowed",
		    (long long)(now - v->seen.st_mtim.tv_sec), max_age);
		return false;
	}
	return true;
}

bool
pk_is_revoked(struct request *r)
{
	for (size_t i = 0; i < r->state->revoked_count; i++) {
		struct revocation *v = &r->state->revoked[i];

		if (pk_host->asks_revoked(r->login, v->path) == 0)
			continue;
		if (!is_usable(r, v)) {
			pk_host->audit(
			    r->login, "krl_error", v->path, "%s", v->why);
			pk_refuse(r, REFUSAL_REVOKED,
			    "revocation list %s cannot be used", v->path);
			return true;
		}
		if (krl_check(v->krl, r->key) != 0) {
			pk_host->audit(
			    r->login, "cert_revoked", v->path, "%s", "revoked");
			pk_refuse(r, REFUSAL_REVOKED, "key is revoked by %s",
			    v->path);
			return true;
		}
	}
	return false;
}
