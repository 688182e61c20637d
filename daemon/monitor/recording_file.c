/*
 * The files of a recording: directories of days below recordings.directory,
 * made and walked without following a link, the file that the recorder appends
 * to, and the manifest at the end.  doc/EVIDENCE.md has their form.
 */
#include "daemon/monitor/recording.h"

#include "lib/err.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/ssh/sshsig.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME_TRIES  100 /* for a file whose name is taken */
#define HEADER_TEXT 8192 /* bytes of a command in the header; more is cut */

/* Root's, and writable by nobody else: not a link, nor a trap. */
static int
enter(int parent, const char *name)
{
	struct stat st;
	int fd;

	if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
		return -1;
	fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || st.st_uid != 0 || (st.st_mode & 022) != 0) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

static int
enter_day(int root, const struct tm *day, char *text, size_t size)
{
	char part[3][16];
	int fd = root, next;

	strftime(part[0], sizeof(part[0]), "%Y", day);
	strftime(part[1], sizeof(part[1]), "%m", day);
	strftime(part[2], sizeof(part[2]), "%d", day);
	strftime(text, size, "%Y/%m/%d", day);
	for (int i = 0; i < 3; i++) {
		next = enter(fd, part[i]);
		if (fd != root)
			close(fd);
		if (next < 0)
			return -1;
		fd = next;
	}
	return fd;
}

/* RFC 3339, UTC, with microseconds. */
static void
write_time(char *text, size_t size, const struct timespec *t)
{
	struct tm tm;
	size_t len;

	gmtime_r(&t->tv_sec, &tm);
	len = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(&text[len], size - len, ".%06uZ",
	    (unsigned)(t->tv_nsec / 1000) % 1000000U);
}

static int
create(int day, const char *name)
{
	char file[RECORDING_NAME + 8];

	snprintf(file, sizeof(file), "%s.cast", name);
	return openat(day, file,
	    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
}

/* A client may use one channel number for any number of programs: numbers
 * behind it go on where the connection's last one ended. */
static int
create_next(struct monitor *m, const struct chan *c, struct recording *r)
{
	unsigned *last = &m->sessions->recording_names;
	int fd;

	snprintf(r->name, sizeof(r->name), "%s-%u", m->connection_id, c->id);
	fd = create(r->day, r->name);
	for (int i = 0; fd < 0 && errno == EEXIST && i < NAME_TRIES; i++) {
		*last = *last == 0 ? 2 : *last + 1;
		snprintf(r->name, sizeof(r->name), "%s-%u-%u", m->connection_id,
		    c->id, *last);
		fd = create(r->day, r->name);
	}
	return fd;
}

int
recording_create(struct monitor *m, const struct chan *c, struct recording *r)
{
	struct timespec now;
	struct tm tm;
	char day[32];
	int fd;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	write_time(r->started, sizeof(r->started), &now);
	if (m->sessions->recordings_root < 0) {
		errno = m->sessions->recordings_error;
		return -1;
	}
	r->day = enter_day(m->sessions->recordings_root, &tm, day, sizeof(day));
	if (r->day < 0)
		return -1;
	fd = create_next(m, c, r);
	if (fd < 0) {
		int error = errno;

		close(r->day);
		r->day = -1;
		errno = error;
		return -1;
	}
	r->path = mem_printf("%s/%s/%s.cast",
	    m->template->config->recordings.directory, day, r->name);
	return fd;
}

/* ---- texts ------------------------------------------------------------------
 */

static void
put_text(FILE *out, const char *name, const char *text)
{
	char *cut = NULL;

	if (text == NULL)
		return;
	if (strlen(text) > HEADER_TEXT) {
		char *part = mem_strndup(text, HEADER_TEXT);

		cut = mem_printf("%s...", part);
		free(part);
	}
	fprintf(out, ", \"%s\": ", name);
	json_quote(out, cut != NULL ? cut : text);
	free(cut);
}

/* The text of a memory stream that is closed here; NULL if it is not whole. */
static char *
written(FILE *out, char **text)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) == 0 && !failed)
		return *text;
	free(*text);
	return NULL;
}

static const char *
yes(bool value)
{
	return value ? "true" : "false";
}

static void
put_ours(FILE *out, const struct monitor *m, const struct chan *c,
    const struct recording_start *s, const struct recording *r)
{
	const struct grants *g = &m->decision->grants;
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	fputs(", \"sallyport\": {\"format\": 1", out);
	put_text(out, "host", host);
	put_text(out, "conn", m->connection_id);
	fprintf(out, ", \"channel\": %u", c->id);
	put_text(out, "user", m->passwd.pw_name);
	put_text(out, "rule",
	    m->decision->rule != NULL ? m->decision->rule->name : NULL);
	put_text(out, "source", m->slot->source);
	fprintf(out, ", \"port\": %u", (unsigned)m->source_port);
	put_text(out, "kind", s->kind);
	fprintf(out, ", \"pty\": %s", yes(c->tty[0] != '\0'));
	put_text(out, "request", s->request);
	if (m->slot->key[0] != '\0')
		put_text(out, "fp", m->slot->key);
	fprintf(out, ", \"input\": %s, \"required\": %s", yes(g->record_input),
	    yes(g->record_required));
	put_text(out, "started", r->started);
	fputs("}", out);
}

char *
recording_header(const struct monitor *m, const struct chan *c,
    const struct recording_start *s, const struct recording *r, size_t *len)
{
	const struct grants *g = &m->decision->grants;
	struct winsize w = {.ws_col = 80, .ws_row = 24};
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (out == NULL)
		return NULL;
	if (c->master >= 0)
		(void)ioctl(c->master, TIOCGWINSZ, &w);
	fprintf(out,
	    "{\"version\": 2, \"width\": %u, \"height\": %u, "
	    "\"timestamp\": %lld",
	    w.ws_col != 0 ? w.ws_col : 80, w.ws_row != 0 ? w.ws_row : 24,
	    (long long)time(NULL));
	if (g->record_idle != CONFIG_NONE)
		fprintf(out, ", \"idle_time_limit\": %u", g->record_idle);
	put_text(out, "command",
	    s->command != NULL ? s->command : m->passwd.pw_shell);
	if (c->tty[0] != '\0') {
		fputs(", \"env\": {\"TERM\": ", out);
		json_quote(out, c->term);
		fputs("}", out);
	}
	put_ours(out, m, c, s, r);
	fputs("}\n", out);
	return written(out, &text);
}

/* ---- the manifest
 * ------------------------------------------------------------ */

static void
put_hash(FILE *out, const char *name, struct bytes hash)
{
	fprintf(out, ", \"%s\": \"", name);
	for (size_t i = 0; i < hash.len; i++)
		fprintf(out, "%02x", hash.data[i]);
	fputs("\"", out);
}

static void
put_figures(FILE *out, const struct msg_recorded *t)
{
	fprintf(out, ", \"bytes\": %llu", (unsigned long long)t->bytes);
	fprintf(out, ", \"blocks\": %llu", (unsigned long long)t->blocks);
	put_hash(out, "head", t->head);
	fprintf(out,
	    ", \"output\": %llu, \"error\": %llu, \"input\": %llu, "
	    "\"hidden\": %llu, \"marks\": %llu",
	    (unsigned long long)t->output, (unsigned long long)t->error,
	    (unsigned long long)t->input, (unsigned long long)t->hidden,
	    (unsigned long long)t->marks);
	put_text(out, "end", t->end);
}

/* The size is what the file system says; the rest nobody has told. */
static void
put_lost(FILE *out, const struct recording *r, const char *file)
{
	struct stat st;

	if (fstatat(r->day, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
		fprintf(out, ", \"bytes\": %lld", (long long)st.st_size);
	put_text(out, "end", "lost");
}

char *
recording_manifest(const struct monitor *m, const struct recording *r,
    const struct msg_recorded *told, const char *not_signed, size_t *len)
{
	char file[RECORDING_NAME + 8], ended[40];
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	struct timespec now;

	if (out == NULL)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	write_time(ended, sizeof(ended), &now);
	snprintf(file, sizeof(file), "%s.cast", r->name);
	fputs("{\"format\": 1", out);
	put_text(out, "conn", m->connection_id);
	fprintf(out, ", \"channel\": %u", r->channel);
	put_text(out, "file", file);
	put_text(out, "started", r->started);
	put_text(out, "ended", ended);
	if (told != NULL)
		put_figures(out, told);
	else
		put_lost(out, r, file);
	put_text(out, "unsigned", not_signed);
	fprintf(out, "%s}\n", not_signed == NULL ? ", \"signed\": true" : "");
	return written(out, &text);
}

static int
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return E_SYSTEM;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Under another name first: what is there under its own is whole. */
static int
put_file(int day, const char *name, const char *text, size_t len)
{
	char temporary[RECORDING_NAME + 32];
	int fd, err;

	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	fd = openat(day, temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return E_SYSTEM;
	err = write_all(fd, text, len);
	if (err == 0 && fdatasync(fd) != 0)
		err = E_SYSTEM;
	if (err == 0 &&
	    renameat2(day, temporary, day, name, RENAME_NOREPLACE) != 0)
		err = E_SYSTEM;
	if (err != 0) {
		int error = errno;

		(void)unlinkat(day, temporary, 0);
		errno = error;
	}
	close(fd);
	return err;
}

int
recording_keep(
    const struct recording *r, const char *suffix, const char *text, size_t len)
{
	char name[RECORDING_NAME + 16];

	snprintf(name, sizeof(name), "%s.%s", r->name, suffix);
	return put_file(r->day, name, text, len);
}

int
recording_sign(
    struct monitor *m, const char *text, size_t len, struct buf *armoured)
{
	uint8_t hash[SSHSIG_HASH];
	struct wall_message answer;
	int err = sshsig_hash(text, len, hash);

	if (err == 0)
		err = WALL_SEND(&m->keyholder, attest,
		    .hash = {.data = hash, .len = SSHSIG_HASH});
	if (err == 0)
		err = peer_answer(&m->keyholder, MSG_attest, -1, &answer);
	if (err != 0)
		return err;
	if (answer.attestation.blob.len != 0)
		err = sshsig_armour(answer.attestation.blob.data,
		    answer.attestation.blob.len, armoured);
	else
		err = E_CRYPTO;
	wall_done(&m->keyholder, &answer);
	return err;
}
