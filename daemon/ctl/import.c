/*
 * sallyportctl import: an sshd_config becomes a sallyport.conf on stdout.  The
 * result is checked like any other configuration before the command says 0.
 */
#include "daemon/ctl/ctl.h"

#include "config/import.h"
#include "config/load.h"
#include "config/problem.h"
#include "config/show.h"
#include "daemon/ctl/import_report.h"
#include "daemon/ctl/record.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORTS_MAX 4

static void
import_json(const char *text, const struct problems *problems)
{
	struct records r = {0};

	fputs("{\n\t\"config\": ", stdout);
	/* Not json_text(): the newlines are the configuration's own. */
	show_quoted(stdout, text, SHOW_JSON);
	fputs(",\n\t\"problems\": ", stdout);
	problem_records(problems, &r);
	records_json(&r, false, stdout);
	fputs("}\n", stdout);
	records_free(&r);
}

static bool
write_all(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len > 0) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* Problems of the result's own lines say so instead of naming our copy. */
static void
take_over(
    struct problems *report, const struct problems *found, const char *copy)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct problem *p = &found->items[i];
		bool own = p->file != NULL && strcmp(p->file, copy) == 0;

		(p->severity == PROBLEM_ERROR ? problem_error :
						problem_warning)(report,
		    own ? "the result" : p->file, p->line, "%s", p->text);
	}
}

/* The check reads a file, below directories that are root's alone. */
static void
check_result(const struct ctl *ctl, const char *text, struct problems *problems)
{
	char directory[] = "/run/sallyport-import.XXXXXX";
	struct problems found = {0};
	struct ctl copy = *ctl;
	char *path;
	int fd;

	if (mkdtemp(directory) == NULL) {
		problem_error(problems, directory, 0, "%s", strerror(errno));
		return;
	}
	path = mem_printf("%s/sallyport.conf", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, text)) {
		problem_error(problems, path, 0, "%s", strerror(errno));
	} else {
		copy.config_file = path;
		check_file(&copy, &found);
		take_over(problems, &found, path);
	}
	if (fd >= 0)
		close(fd);
	unlink(path);
	rmdir(directory);
	free(path);
	problems_free(&found);
}

static void
print_result(const struct ctl *ctl, const char *text, int err,
    const struct problems *problems)
{
	if (ctl->json) {
		import_json(text, problems);
		if (problems->errors != 0)
			problems_print(problems, stderr);
		return;
	}
	if (err != E_SYSTEM)
		fputs(text, stdout);
	fflush(stdout);
	problems_print(problems, stderr);
}

/* ---- --report ---- */

static bool
is_html(const char *path)
{
	size_t len = strlen(path);

	return len > 5 && strcmp(&path[len - 5], ".html") == 0;
}

static bool
write_report(const struct import_report *report, const char *path)
{
	FILE *out = fopen(path, "we");

	if (out == NULL) {
		ctl_fail("%s: %s", path, strerror(errno));
		return false;
	}
	import_report_write(report, is_html(path), out);
	if (ferror(out) | fclose(out)) {
		ctl_fail("%s: %s", path, strerror(errno));
		return false;
	}
	return true;
}

struct import_words {
	const char *path; /* of the sshd_config */
	const char *reports[REPORTS_MAX];
	size_t report_count;
};

static bool
take_words(int argc, char **argv, struct import_words *w)
{
	int i;

	for (i = 0; i + 1 < argc && strcmp(argv[i], "--report") == 0; i += 2) {
		if (w->report_count == REPORTS_MAX)
			return false;
		w->reports[w->report_count++] = argv[i + 1];
	}
	if (i + 1 != argc || argv[i][0] == '-')
		return false;
	w->path = argv[i];
	return true;
}

static bool
write_reports(const struct import_words *w, const struct import_rows *rows,
    const struct problems *problems, const char *text)
{
	struct import_report report = {w->path, rows, problems, NULL};
	struct problems ignored = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	bool good = true;

	config_bundle_add(&bundle, "the result", text, strlen(text));
	if (config_load(&bundle, &config, &ignored) == 0)
		report.config = config;
	for (size_t i = 0; i < w->report_count; i++)
		good &= write_report(&report, w->reports[i]);
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&ignored);
	return good;
}

int
import_command(const struct ctl *ctl, int argc, char **argv)
{
	struct import_words words = {0};
	struct import_rows rows = {0};
	struct problems problems = {0};
	char *text = NULL;
	size_t size = 0;
	bool good;
	FILE *out;
	int err;

	if (!take_words(argc, argv, &words))
		return ctl_usage(
		    ctl, "one sshd_config is expected, behind --report FILE");
	if ((out = open_memstream(&text, &size)) == NULL)
		return ctl_fail("%s", strerror(errno));
	err = config_import_rows(
	    words.path, out, &problems, import_rows_add, &rows);
	fclose(out);
	if (err == 0 && geteuid() == 0)
		check_result(ctl, text, &problems);
	else if (err == 0)
		problem_warning(&problems, NULL, 0,
		    "not run by root: the result was not checked");
	if (err == E_SYSTEM && problems.count == 0)
		ctl_fail("%s: %s", words.path, strerror(errno));
	else
		print_result(ctl, text, err, &problems);
	good = err == 0 && problems.errors == 0;
	if (err != E_SYSTEM && words.report_count > 0)
		good &= write_reports(&words, &rows, &problems, text);
	free(text);
	import_rows_free(&rows);
	problems_free(&problems);
	return good ? CTL_OK : CTL_FAILED;
}
