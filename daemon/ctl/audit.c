/*
 * sallyportctl audit verify: are the records of the log complete?  The files
 * are opened first, and by the time they are read root has become nobody.
 */
#include "daemon/ctl/ctl.h"
#include "daemon/ctl/log_book.h"
#include "daemon/ctl/record.h"

#include "lib/mem.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/key.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define NOBODY	 65534
#define FILE_MAX ((size_t)1 << 30) /* of a file, unpacked */
#define KEYS_MAX 64
#define KEY_LINE 65536

struct input {
	const char *name;
	int fd;
	char *data;
};

struct run {
	const struct ctl *ctl;
	struct input *inputs;
	size_t n_inputs;
	struct key *keys[KEYS_MAX];
	size_t n_keys;
	bool partial, quiet;
	struct records findings, remarks;
	bool failed; /* a file could not be read to its end */
};

static void
say(bool finding, const char *text, void *arg)
{
	struct run *run = arg;
	struct records *r = finding ? &run->findings : &run->remarks;

	record_begin(r);
	record_text(r, "text", text);
	if (run->ctl->json || (run->quiet && !finding))
		return;
	plain_text(text, stdout);
	putchar('\n');
}

static int
read_keys(struct run *run, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[KEY_LINE];
	size_t before = run->n_keys;

	if (f == NULL)
		return ctl_fail("%s: %s", path, strerror(errno));
	while (run->n_keys < KEYS_MAX && fgets(line, sizeof(line), f) != NULL)
		if (key_parse_line(line, strlen(line), &run->keys[run->n_keys],
			NULL, NULL) == 0)
			run->n_keys++;
	fclose(f);
	return run->n_keys > before ? CTL_OK :
				      ctl_fail("%s: no public key", path);
}

static int
open_input(struct run *run, const char *name)
{
	struct input *in = &run->inputs[run->n_inputs];

	in->name = strcmp(name, "-") == 0 ? "stdin" : name;
	in->fd = strcmp(name, "-") == 0 ? fcntl(0, F_DUPFD_CLOEXEC, 3) :
					  open(name, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return ctl_fail("%s: %s", name, strerror(errno));
	run->n_inputs++;
	return CTL_OK;
}

static int
become_nobody(void)
{
	if (geteuid() != 0)
		return CTL_OK;
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return ctl_fail("cannot drop root's rights");
	return CTL_OK;
}

/* The output of `xz -dc` on in; -1: none. */
static int
unpack_xz(int in, pid_t *child)
{
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return -1;
	if ((*child = fork()) == 0) {
		if (dup2(in, 0) < 0 || dup2(pipes[1], 1) < 0)
			_exit(127);
		execl("/usr/bin/xz", "xz", "-dc", (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	if (*child < 0) {
		close(pipes[0]);
		return -1;
	}
	return pipes[0];
}

static bool
is_xz(int fd)
{
	uint8_t magic[6];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	    memcmp(magic, "\3757zXZ", sizeof(magic)) == 0;
}

/* Plain or gzip, which zlib tells apart; false: not to its end. */
static bool
slurp(int fd, char **data, size_t *len)
{
	gzFile gz = gzdopen(fd, "rb");
	size_t room = 0;
	int n = 1;

	*len = 0;
	*data = NULL;
	if (gz == NULL) {
		close(fd);
		return false;
	}
	while (n > 0 && *len < FILE_MAX) {
		if (room - *len < 65536) {
			room = room == 0 ? 262144 : 2 * room;
			*data = mem_grow(*data, room, 1);
		}
		n = gzread(gz, &(*data)[*len], 65536);
		*len += n > 0 ? (size_t)n : 0;
	}
	return gzclose_r(gz) == Z_OK && n == 0;
}

/* A packed file that nothing here unpacks would look like a log of other
 * programs. */
static bool
is_packed(const char *data, size_t len)
{
	static const char *const begins[] = {"\x1f\x8b", "\3757zXZ",
	    "\x28\xb5\x2f\xfd", "BZh", "\x04\x22\x4d\x18", "\x1f\x9d", "LZIP",
	    "PK\3\4"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (len > strlen(begins[i]) &&
		    memcmp(data, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static void
tell_input(
    struct run *run, const struct input *in, bool finding, const char *what)
{
	char *text = mem_printf("%s: %s", in->name, what);

	run->failed = run->failed || finding;
	say(finding, text, run);
	free(text);
}

static void
read_input(struct run *run, struct log_book *book, struct input *in)
{
	uint64_t before = book->count + book->unchained;
	pid_t child = -1;
	int status = 0, fd = in->fd;
	bool whole;
	size_t len = 0;

	if (is_xz(fd)) {
		fd = unpack_xz(in->fd, &child);
		close(in->fd);
	}
	whole = fd >= 0 && slurp(fd, &in->data, &len);
	if (child > 0 && (waitpid(child, &status, 0) != child || status != 0))
		whole = false;
	if (in->data != NULL)
		log_book_read(book, in->name, in->data, len);
	if (len >= FILE_MAX)
		tell_input(run, in, true, "is longer than 1 GiB");
	else if (!whole)
		tell_input(run, in, true, "cannot be read to its end");
	else if (len > 0 && is_packed(in->data, len))
		tell_input(run, in, true,
		    "is packed, and not by gzip or xz in a file");
	else if (len > 0 && book->count + book->unchained == before)
		tell_input(run, in, false, "has no records of the server");
}

static void
summary(const struct run *run, const struct log_book *book,
    const struct log_judge *j, bool good)
{
	struct records all = {0};

	if (!run->ctl->json) {
		printf("%s: %zu records in %" PRIu64 " chains, %" PRIu64
		       " of them open; %" PRIu64 " checkpoints",
		    good ? "complete" : "NOT COMPLETE", book->count, j->chains,
		    j->open, j->checkpoints);
		if (run->n_keys > 0)
			printf(
			    ", %" PRIu64 " signatures verified", j->signatures);
		printf("%s%s\n", j->newest[0] != '\0' ? ", the newest of " : "",
		    j->newest);
		if (book->unchained > 0)
			printf("%" PRIu64 " records have no chain\n",
			    book->unchained);
		return;
	}
	record_begin(&all);
	record_bool(&all, "complete", good);
	record_number(&all, "records", book->count);
	record_number(&all, "chains", j->chains);
	record_number(&all, "open", j->open);
	record_number(&all, "checkpoints", j->checkpoints);
	record_number(&all, "signatures", j->signatures);
	record_number(&all, "unchained", book->unchained);
	record_text(&all, "newest", j->newest);
	for (size_t i = 0; i < run->findings.count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "finding_%zu", i + 1);
		record_text(
		    &all, name, record_get(&run->findings.items[i], "text"));
	}
	records_json(&all, true, stdout);
}

static int
verify_all(struct run *run)
{
	struct log_book book = {0};
	struct log_judge judge = {.keys = (const struct key *const *)run->keys,
	    .n_keys = run->n_keys,
	    .partial = run->partial,
	    .say = say,
	    .arg = run};
	bool good;

	if (digest_preload() != 0)
		return ctl_fail("libcrypto cannot be used");
	if (become_nobody() != CTL_OK)
		return CTL_FAILED;
	for (size_t i = 0; i < run->n_inputs; i++)
		read_input(run, &book, &run->inputs[i]);
	good = log_book_judge(&book, &judge) && !run->failed;
	if (book.unchained > 0) {
		say(!run->partial, "there are records without a chain", run);
		good = good && run->partial;
	}
	if (book.count == 0) {
		say(true,
		    "there are no records with a chain (log.format "
		    "classic and text have none)",
		    run);
		good = false;
	}
	summary(run, &book, &judge, good);
	log_book_free(&book);
	return good ? CTL_OK : CTL_FAILED;
}

static int
arguments(struct run *run, int argc, char **argv)
{
	int status = CTL_OK;

	for (int i = 0; i < argc && status == CTL_OK; i++) {
		if (strcmp(argv[i], "--partial") == 0)
			run->partial = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			run->quiet = true;
		else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			status = read_keys(run, argv[++i]);
		else if (argv[i][0] == '-' && argv[i][1] != '\0')
			status =
			    ctl_usage(run->ctl, "%s: no such option", argv[i]);
		else
			status = open_input(run, argv[i]);
	}
	if (status == CTL_OK && run->n_inputs == 0)
		status = open_input(run, "-");
	return status;
}

int
audit_command(const struct ctl *ctl, int argc, char **argv)
{
	struct run run = {.ctl = ctl};
	int status;

	if (argc < 1 || strcmp(argv[0], "verify") != 0)
		return ctl_usage(ctl, "audit verify is expected");
	run.inputs = mem_array((size_t)argc + 1, sizeof(*run.inputs));
	if ((status = arguments(&run, argc - 1, &argv[1])) == CTL_OK)
		status = verify_all(&run);
	for (size_t i = 0; i < run.n_inputs; i++)
		free(run.inputs[i].data);
	for (size_t i = 0; i < run.n_keys; i++)
		key_free(run.keys[i]);
	free(run.inputs);
	return status;
}
