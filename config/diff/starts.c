/*
 * Forced commands stand in for what a policy refuses, by whose rule or overlay
 * they are: that is in no value of a grant, so the requests themselves are
 * asked of both decisions.
 */
#include "config/diff/starts.h"

#include "lib/mem.h"

#include <string.h>

struct starts {
	const struct config *const *policies;
	const struct decision *decisions[2];
	struct findings *findings;
};

static void
judge_request(
    const struct starts *s, enum policy_request request, const char *text)
{
	struct policy_start starts[2];
	bool opens[2];

	memset(starts, 0, sizeof(starts));
	for (size_t i = 0; i < 2; i++) {
		policy_start(
		    s->policies[i], s->decisions[i], request, text, &starts[i]);
		opens[i] = starts[i].refusal == NULL;
	}
	if (opens[0] && opens[1] && !starts[0].forced && !starts[1].forced &&
	    starts[0].program != starts[1].program)
		findings_add(s->findings, DIFF_UNJUDGED,
		    mem_printf(
			"a request for %s: another program serves it", text));
	/* A command that starts by itself is in the grants. */
	if (opens[0] == opens[1] || !starts[opens[1]].forced)
		return;
	findings_add(s->findings, opens[1] ? DIFF_LOOSER : DIFF_TIGHTER,
	    mem_printf("%s%s: %s", text[0] != '\0' ? "a request for " : "a ",
		text[0] != '\0' ? text : "shell",
		opens[1] ? "refused before, the forced command now stands in" :
			   "the forced command stood in, it is now refused"));
}

static bool
has_subsystem(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->subsystem_count; i++)
		if (strcmp(config->subsystems[i].name, name) == 0)
			return true;
	return false;
}

/* sftp is asked beside them; but, if not NULL, has been asked already. */
static void
judge_subsystems(const struct starts *s, const struct config *config,
    const struct config *but)
{
	for (size_t i = 0; i < config->subsystem_count; i++) {
		const char *name = config->subsystems[i].name;

		if (strcmp(name, "sftp") != 0 &&
		    (but == NULL || !has_subsystem(but, name)))
			judge_request(s, REQUEST_SUBSYSTEM, name);
	}
}

void
judge_starts(const struct config *const policies[2], const struct decision *old,
    const struct decision *new, struct findings *findings)
{
	const struct starts s = {policies, {old, new}, findings};

	judge_request(&s, REQUEST_SHELL, "");
	judge_request(&s, REQUEST_EXEC, "a command");
	judge_request(&s, REQUEST_SUBSYSTEM, "sftp");
	judge_subsystems(&s, policies[0], NULL);
	judge_subsystems(&s, policies[1], policies[0]);
}
