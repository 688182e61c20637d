/*
 * The file of a policy on trial: trial.h.
 */
#include "config/trial.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <string.h>

#define TRIAL_MAGIC "sallyport trial 2"

static void
put_bundle(struct buf *out, const struct bundle *bundle)
{
	struct buf bytes;

	buf_init(&bytes, BUNDLE_MAX);
	config_bundle_write(bundle, &bytes);
	buf_string(out, bytes.data, bytes.len);
	buf_free(&bytes);
}

void
trial_file_write(const struct trial_file *file, struct buf *out)
{
	buf_text(out, TRIAL_MAGIC);
	buf_text(out, file->config);
	buf_bool(out, file->over);
	buf_u64(out, file->until);
	buf_u32(out, file->seconds);
	buf_text(out, file->actor);
	buf_text(out, file->login);
	put_bundle(out, &file->before);
	put_bundle(out, &file->candidate);
}

static int
take_bundle(struct rd *r, struct bundle *bundle)
{
	size_t len;
	const uint8_t *bytes = rd_string(r, BUNDLE_MAX, &len);

	return bytes == NULL ? E_FORMAT :
			       config_bundle_parse(bytes, len, bundle);
}

int
trial_file_parse(const void *bytes, size_t len, struct trial_file *file)
{
	char magic[sizeof(TRIAL_MAGIC)];
	struct rd r;
	int err;

	memset(file, 0, sizeof(*file));
	rd_init(&r, bytes, len);
	rd_text(&r, magic, sizeof(magic));
	rd_text(&r, file->config, sizeof(file->config));
	file->over = rd_bool(&r);
	file->until = rd_u64(&r);
	file->seconds = rd_u32(&r);
	rd_text(&r, file->actor, sizeof(file->actor));
	rd_text(&r, file->login, sizeof(file->login));
	err = strcmp(magic, TRIAL_MAGIC) == 0 ? 0 : E_FORMAT;
	if (err == 0)
		err = take_bundle(&r, &file->before);
	if (err == 0)
		err = take_bundle(&r, &file->candidate);
	if (err == 0)
		err = rd_end(&r);
	if (err == 0 && (file->before.count == 0 || file->candidate.count == 0))
		err = E_FORMAT;
	if (err != 0)
		trial_file_free(file);
	return err;
}

void
trial_file_free(struct trial_file *file)
{
	config_bundle_free(&file->before);
	config_bundle_free(&file->candidate);
	memset(file, 0, sizeof(*file));
}
