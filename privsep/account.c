/*
 * The name service's facts of an account, asked as a login asks them.
 */
#include "privsep/account.h"

#include "lib/mem.h"
#include "lib/ssh/ssh2.h"
#include "privsep/directory.h"

#include <stdlib.h>
#include <string.h>

bool
account_name_is_sane(const char *name)
{
	if (name[0] == '\0' || name[0] == '-' || strlen(name) > SSH_USER_MAX)
		return false;
	for (const unsigned char *p = (const unsigned char *)name; *p != '\0';
	     p++)
		if (*p < 0x20 || *p == 0x7f || *p == '/' || *p == ':')
			return false;
	return true;
}

static enum fact_state
look_up_groups(
    const struct passwd *pw, bool asked, bool tell, struct account_groups *g)
{
	size_t count = ACCOUNT_GROUPS_MAX;
	char *name;

	if (!directory_groups(pw->pw_name, pw->pw_gid, g->ids, &count, asked))
		return FACT_UNKNOWN;
	g->count = count;
	if (!asked && !tell)
		return FACT_KNOWN;
	g->names = mem_array(count + 1, sizeof(*g->names));
	for (size_t i = 0; i < count; i++) {
		name = directory_group_name(g->ids[i]);
		if (name != NULL)
			g->names[g->name_count++] = name;
		else if (asked)
			return FACT_UNKNOWN;
	}
	return FACT_KNOWN;
}

enum fact_state
account_look_up(const char *name, bool asked, bool tell, struct passwd *out,
    struct account_groups *groups, struct policy_facts *facts)
{
	facts->user = name;
	facts->user_state = facts->groups_state = FACT_ABSENT;
	if (!account_name_is_sane(name))
		return FACT_ABSENT;
	facts->user_state = directory_user(name, out, &facts->user_silent);
	if (facts->user_state != FACT_KNOWN)
		return facts->user_state;
	facts->user = out->pw_name;
	facts->uid = out->pw_uid;
	facts->groups_state = look_up_groups(out, asked, tell, groups);
	facts->groups = (const char *const *)groups->names;
	facts->group_count = groups->name_count;
	return FACT_KNOWN;
}

static void
add_line(char **text, const char *name)
{
	/* A line is a name. */
	if (name != NULL && name[0] != '\0' && strchr(name, '\n') == NULL)
		mem_append(text, "%s\n", name);
}

const char *
account_group_text(struct account_groups *groups)
{
	char *name;

	if (groups->text != NULL)
		return groups->text;
	groups->text = mem_strdup("");
	for (size_t i = 0; i < groups->name_count; i++)
		add_line(&groups->text, groups->names[i]);
	for (size_t i = 0; groups->name_count == 0 && i < groups->count; i++) {
		name = directory_group_name(groups->ids[i]);
		add_line(&groups->text, name);
		free(name);
	}
	return groups->text;
}

void
account_groups_free(struct account_groups *groups)
{
	for (size_t i = 0; i < groups->name_count; i++)
		free(groups->names[i]);
	free(groups->names);
	free(groups->text);
	memset(groups, 0, sizeof(*groups));
}
