/*
 * sallyportctl policy diff: what a new policy changes for whom.
 */
#include "daemon/ctl/ctl.h"

#include "config/diff/diff.h"
#include "config/load.h"
#include "daemon/ctl/policy_users.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct policy_words {
	const char *files[2];
	size_t file_count;
	struct policy_users users;
	struct arena *arena;
};

/* 0, or what the words got wrong. */
static int
take_option(const struct ctl *ctl, int argc, char **argv, int *at,
    struct policy_words *w)
{
	const char *fault = NULL;

	if (*at + 1 >= argc)
		return ctl_usage(ctl, "%s needs a value", argv[*at]);
	if (strcmp(argv[*at], "--users") == 0)
		fault = policy_users_file(w->arena, argv[++*at], &w->users);
	else if (strcmp(argv[*at], "--user") == 0)
		policy_users_one(w->arena, argv[++*at], &w->users);
	else
		return ctl_usage(ctl, "no such option: %s", argv[*at]);
	return fault == NULL ? CTL_OK : ctl_fail("%s", fault);
}

static int
take_words(const struct ctl *ctl, int argc, char **argv, struct policy_words *w)
{
	int status;

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			status = take_option(ctl, argc, argv, &i, w);
			if (status != CTL_OK)
				return status;
		} else if (w->file_count == 2) {
			return ctl_usage(ctl, "two files are compared");
		} else {
			w->files[w->file_count++] = argv[i];
		}
	}
	return w->file_count == 2 ? CTL_OK :
				    ctl_usage(ctl, "two files are compared");
}

/* Can somebody do more, or is that not known? */
static int
tell(const struct ctl *ctl, const struct policy_diff *diff)
{
	if (ctl->json)
		policy_diff_json(diff, stdout);
	else
		policy_diff_print(diff, stdout);
	return policy_diff_count(diff, DIFF_LOOSER) +
		    policy_diff_count(diff, DIFF_UNJUDGED) >
		0 ?
	    CTL_FAILED :
	    CTL_OK;
}

static int
compare(const struct ctl *ctl, struct policy_words *w)
{
	struct config *policies[2] = {NULL, NULL};
	struct bundle bundles[2] = {{0}, {0}};
	struct policy_diff *diff;
	int status = CTL_USAGE;

	policies[0] = offline_draft(w->files[0], &bundles[0]);
	policies[1] = offline_draft(w->files[1], &bundles[1]);
	if (policies[0] != NULL && policies[1] != NULL) {
		if (w->users.count == 0)
			policy_users_all(w->arena, &w->users);
		diff = policy_diff_make(policies[0], policies[1],
		    w->users.items, w->users.count, time(NULL));
		status = tell(ctl, diff);
		policy_diff_free(diff);
	}
	for (size_t i = 0; i < 2; i++) {
		config_free(policies[i]);
		config_bundle_free(&bundles[i]);
	}
	return status;
}

int
policy_command(const struct ctl *ctl, int argc, char **argv)
{
	struct policy_words w = {0};
	int status;

	if (argc < 1 || strcmp(argv[0], "diff") != 0)
		return ctl_usage(ctl, "what of the policy: diff");
	w.arena = arena_new();
	status = take_words(ctl, argc - 1, argv + 1, &w);
	if (status == CTL_OK)
		status = compare(ctl, &w);
	policy_users_free(&w.users);
	arena_free(w.arena);
	return status;
}
