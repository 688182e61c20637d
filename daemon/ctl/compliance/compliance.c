/*
 * sallyportctl compliance: the configuration on disk against a benchmark, or
 * against the site's own items.
 */
#include "daemon/ctl/ctl.h"

#include "config/compliance/judge.h"
#include "config/load.h"
#include "daemon/ctl/compliance/print.h"

#include <stdio.h>
#include <string.h>

struct compliance_words {
	const struct benchmark_row *benchmark; /* NULL: own */
	const char *own;
	const char *only;
	bool html, failed;
};

static int
take_benchmark(const struct ctl *ctl, int argc, char **argv, int *at,
    struct compliance_words *w)
{
	const char *name = argv[*at];

	if (w->benchmark != NULL || w->own != NULL)
		return ctl_usage(ctl, "%s: one benchmark at a time", name);
	if (strcmp(name, "own") == 0) {
		if (*at + 1 >= argc)
			return ctl_usage(ctl, "own needs a file");
		w->own = argv[++*at];
		return CTL_OK;
	}
	w->benchmark = benchmark_find(name);
	return w->benchmark != NULL ?
	    CTL_OK :
	    ctl_usage(ctl,
		"%s: there are cis-debian12, cis-rhel9, stig-rhel9, "
		"stig-ubuntu2404 and own",
		name);
}

static int
take_words(
    const struct ctl *ctl, int argc, char **argv, struct compliance_words *w)
{
	int status = CTL_OK;

	for (int i = 0; i < argc && status == CTL_OK; i++) {
		if (strcmp(argv[i], "--html") == 0)
			w->html = true;
		else if (strcmp(argv[i], "--failed") == 0)
			w->failed = true;
		else if (strcmp(argv[i], "--item") == 0 && i + 1 < argc)
			w->only = argv[++i];
		else if (argv[i][0] == '-')
			status = ctl_usage(
			    ctl, "%s: no such option, or no value", argv[i]);
		else
			status = take_benchmark(ctl, argc, argv, &i, w);
	}
	if (status == CTL_OK && w->benchmark == NULL && w->own == NULL)
		status = ctl_usage(ctl, "which benchmark?");
	if (status == CTL_OK && w->html && (ctl->json || w->failed))
		status = ctl_usage(
		    ctl, "--html goes neither with --json nor with --failed");
	return status;
}

/* 1 says that an item fails, so whatever else is wrong is 2. */
static int
print(const struct ctl *ctl, const struct compliance_words *w,
    const struct report *report)
{
	if (report->count == 0) {
		ctl_fail("%s: there is no item \"%s\"", report->name,
		    w->only != NULL ? w->only : "");
		return CTL_USAGE;
	}
	if (ctl->json)
		report_json(report, ctl->config_file, stdout);
	else if (w->html)
		report_html(report, ctl->config_file, stdout);
	else
		report_text(report, ctl->config_file, w->failed, stdout);
	return report->statuses[ITEM_FAIL] > 0 ? CTL_FAILED : CTL_OK;
}

static int
judge_own(const struct ctl *ctl, const struct compliance_words *w,
    const struct config *config)
{
	struct problems problems = {0};
	struct own_items own = {0};
	struct report *report;
	int status = CTL_USAGE;

	if (own_read(w->own, &own, &problems) == 0) {
		report = compliance_judge_own(config, &own, w->only);
		status = print(ctl, w, report);
		report_free(report);
		own_free(&own);
	} else {
		problems_print(&problems, stderr);
		ctl_keep_error("the file of items has errors");
	}
	problems_free(&problems);
	return status;
}

int
compliance_command(const struct ctl *ctl, int argc, char **argv)
{
	struct compliance_words w = {0};
	struct bundle bundle = {0};
	struct config *config;
	struct report *report;
	int status = take_words(ctl, argc, argv, &w);

	if (status != CTL_OK)
		return status;
	if ((config = offline_config(ctl, &bundle)) == NULL)
		return CTL_USAGE;
	if (w.own != NULL) {
		status = judge_own(ctl, &w, config);
	} else {
		report = compliance_judge(config, &bundle, w.benchmark, w.only);
		status = print(ctl, &w, report);
		report_free(report);
	}
	config_free(config);
	config_bundle_free(&bundle);
	return status;
}
