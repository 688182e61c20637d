/*
 * Is a recording what the server wrote?  The chain over its blocks, then the
 * manifest, then the manifest's signature: each speaks for the one before.
 */
#include "daemon/ctl/recordings/verify.h"

#include "daemon/ctl/recordings/elapsed.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/ssh/key.h"
#include "lib/ssh/sshsig.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
verdict_word(enum verdict verdict)
{
	static const char *const words[] = {
	    [VERDICT_BROKEN] = "broken",
	    [VERDICT_PREFIX] = "prefix",
	    [VERDICT_UNSIGNED] = "unsigned",
	    [VERDICT_COMPLETE] = "complete",
	};

	return words[verdict];
}

static bool __attribute__((format(printf, 3, 4)))
judge(struct verified *v, enum verdict verdict, const char *format, ...)
{
	va_list args;

	v->verdict = verdict;
	va_start(args, format);
	vsnprintf(v->text, sizeof(v->text), format, args);
	va_end(args);
	return false;
}

/* "good up to block N, at 00:01:02.345678 (line L)" */
static const char *
proven(const struct cast *c, char *text, size_t size)
{
	char when[ELAPSED_SIZE];

	if (c->proven == 0)
		snprintf(text, size, "no block of it is good");
	else
		snprintf(text, size,
		    "good up to block %" PRIu64 ", at %s (line %" PRIu64 ")",
		    c->proven - 1, elapsed_print(c->proven_when, when),
		    c->proven_line);
	return text;
}

/* ---- the file ---- */

static bool
read_all(struct verified *v)
{
	struct cast_line line;
	enum cast_found found;
	char good[160];

	do
		found = cast_next(&v->cast, &line);
	while (found == CAST_LINE);
	if (v->cast.fault[0] != '\0')
		return judge(v, VERDICT_BROKEN, "changed: %s; %s",
		    v->cast.fault, proven(&v->cast, good, sizeof(good)));
	if (found == CAST_BAD)
		return judge(v, VERDICT_BROKEN, "%s; %s", v->cast.why,
		    proven(&v->cast, good, sizeof(good)));
	return true;
}

/* ---- the manifest ---- */

static bool
same_hash(const char *hex, const uint8_t hash[CAST_HASH])
{
	char text[2 * CAST_HASH + 1];

	for (size_t i = 0; i < CAST_HASH; i++)
		snprintf(&text[2 * i], 3, "%02x", hash[i]);
	return strcmp(hex, text) == 0;
}

/* Compares the file with its manifest; NULL if they agree, else
 * the difference. */
static const char *
differs(const struct recording *r, struct verified *v)
{
	const struct manifest *m = &v->manifest;
	const struct cast_header *h = &v->cast.header;
	char *file = mem_printf("%s.cast", r->base);
	bool named = strcmp(m->file, file) == 0;

	free(file);
	if (!named)
		return "it is of a file of another name";
	if (strcmp(m->conn, h->conn) != 0 || m->channel != h->channel)
		return "it is of another connection or channel";
	if (strcmp(m->started, h->started) != 0)
		return "it has another start";
	if (m->bytes != cast_bytes(&v->cast))
		return "the file has another size";
	if (m->is_lost)
		return NULL;
	/* A disk may have taken a part of what it refused. */
	if (m->blocks > v->cast.blocks ||
	    (m->blocks < v->cast.blocks && !m->is_failed) ||
	    (m->blocks > 0 && !same_hash(m->head, v->cast.marked_head)))
		return "the chain of blocks has another end";
	if (v->cast.loose && !m->is_failed)
		return "lines stand behind the last block";
	return NULL;
}

static bool
read_manifest(const struct recording *r, struct verified *v, struct buf *text)
{
	char why[CAST_WHY_MAX];
	int err = safefile_read_fd(r->fds[STORE_MANIFEST], MANIFEST_MAX, text);

	if (err != 0)
		return judge(
		    v, VERDICT_BROKEN, "the manifest: %s", err_text(err));
	if (manifest_read(&v->manifest, "manifest", text->data, text->len, why,
		sizeof(why)) != 0)
		return judge(v, VERDICT_BROKEN, "the %s", why);
	v->has_manifest = true;
	return true;
}

static bool
judge_manifest(const struct recording *r, struct verified *v)
{
	const char *what = differs(r, v);
	char good[160];

	if (what != NULL)
		return judge(v, VERDICT_BROKEN,
		    "not what its manifest says: %s; %s", what,
		    proven(&v->cast, good, sizeof(good)));
	return true;
}

/* ---- the signature ---- */

static bool
judge_signature(const struct recordings_options *o, struct verified *v,
    const struct sshsig *s, const struct buf *manifest)
{
	uint8_t hash[SSHSIG_HASH];
	char fp[KEY_FINGERPRINT_SIZE];
	int err = sshsig_hash(manifest->data, manifest->len, hash);

	key_fingerprint(s->key, fp, sizeof(fp));
	snprintf(
	    v->signer, sizeof(v->signer), "%s %s", key_short_name(s->key), fp);
	if (err == 0)
		err = sshsig_verify(s, SSHSIG_RECORDING, hash,
		    (const struct key *const *)o->keys, o->key_count);
	if (err == 0)
		return judge(v, VERDICT_COMPLETE, "signed by %s", v->signer);
	if (err == E_DENIED)
		return judge(v, VERDICT_UNSIGNED,
		    "signed by %s, which is none of the given host keys",
		    v->signer);
	return judge(v, VERDICT_BROKEN, "the manifest's signature by %s: %s",
	    v->signer, err_text(err));
}

static void
check_signature(const struct recordings_options *o, const struct recording *r,
    struct verified *v, const struct buf *manifest)
{
	struct sshsig s = {0};
	struct buf text, blob;
	int err;

	buf_init(&text, SSHSIG_TEXT_MAX);
	buf_init(&blob, SSHSIG_MAX);
	err = safefile_read_fd(r->fds[STORE_SIGNATURE], SSHSIG_TEXT_MAX, &text);
	if (err == 0)
		err = sshsig_unarmour((char *)text.data, text.len, &blob);
	if (err == 0)
		err = sshsig_parse(blob.data, blob.len, &s);
	if (err == 0)
		judge_signature(o, v, &s, manifest);
	else
		judge(v, VERDICT_BROKEN, "the manifest's signature: %s",
		    err_text(err));
	sshsig_free(&s);
	buf_free(&text);
	buf_free(&blob);
}

/* ---- all of it ---- */

static void
judge_prefix(const struct recording *r, struct verified *v)
{
	char good[160];

	judge(v, VERDICT_PREFIX, "%s%s; %s",
	    v->cast.cut ? "the last line is cut off: " : "",
	    r->running ? "still being recorded" :
			 "the end was not written: the server or the "
			 "recorder ended before, or the manifest is gone",
	    proven(&v->cast, good, sizeof(good)));
}

/* A good signature is over its size, and the chain is its only hash. */
static void
judge_lost(struct verified *v)
{
	char good[160];

	if (v->verdict != VERDICT_BROKEN)
		judge(v, VERDICT_PREFIX, "the recorder died; %s",
		    proven(&v->cast, good, sizeof(good)));
}

static void
judge_failed(struct verified *v)
{
	char good[160];

	if (v->verdict != VERDICT_BROKEN)
		judge(v, VERDICT_PREFIX, "%s; %s", v->manifest.end,
		    proven(&v->cast, good, sizeof(good)));
}

static void
judge_end(const struct recordings_options *o, const struct recording *r,
    struct verified *v, const struct buf *manifest)
{
	if (!judge_manifest(r, v))
		;
	else if (!v->manifest.is_signed)
		judge(v, VERDICT_UNSIGNED, "%s", v->manifest.unsigned_why);
	else if (r->fds[STORE_SIGNATURE] < 0)
		judge(v, VERDICT_BROKEN,
		    "the manifest is said to be signed, and its signature is "
		    "missing");
	else
		check_signature(o, r, v, manifest);
	if (v->manifest.is_lost)
		judge_lost(v);
	else if (v->manifest.is_failed)
		judge_failed(v);
	else if (v->cast.cut && v->verdict != VERDICT_BROKEN)
		judge(v, VERDICT_BROKEN, "the last line is cut off");
}

/* The manifest is read first, as it tells which block's hash it has. */
static void
verify_all(const struct recordings_options *o, const struct recording *r,
    struct verified *v)
{
	bool finished = r->fds[STORE_MANIFEST] >= 0;
	struct buf manifest;

	buf_init(&manifest, MANIFEST_MAX);
	if (finished && read_manifest(r, v, &manifest))
		v->cast.marked = v->manifest.blocks;
	if (!read_all(v))
		;
	else if (!finished)
		judge_prefix(r, v);
	else if (v->has_manifest)
		judge_end(o, r, v, &manifest);
	buf_free(&manifest);
}

void
verify_recording(const struct recordings_options *o, const struct recording *r,
    struct verified *v)
{
	memset(v, 0, sizeof(*v));
	if (cast_open(&v->cast, r->fds[STORE_CAST]) != 0) {
		judge(v, VERDICT_BROKEN, "%s", v->cast.why);
		return;
	}
	v->has_header = true;
	if (strncmp(r->base, v->cast.header.conn, 16) != 0) {
		judge(v, VERDICT_BROKEN,
		    "its header is of another connection: %s",
		    v->cast.header.conn);
		return;
	}
	verify_all(o, r, v);
}

void
verified_free(struct verified *v)
{
	cast_close(&v->cast);
	manifest_free(&v->manifest);
}
