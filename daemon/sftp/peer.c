/*
 * Recognises clients that write the two names of SYMLINK in the draft's order
 * when they do not take the server for OpenSSH.  All others write OpenSSH's
 * order.
 */
#include "daemon/sftp/sftp.h"

#include <string.h>
#include <strings.h>

static bool
starts(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/*
 * libssh to this day (0.11.5 seen), and guile-ssh by it, take a server for
 * OpenSSH only where a number from 1 to 100 follows "OpenSSH_"
 * (ssh_analyze_banner()); the others go by the name.  libssh2 is another
 * library.
 */
static const struct {
	const char *name;
	bool wants_number;
} draft[] = {
    {"libssh_", true},
    {"libssh-", true},
    {"ssh2js", false},
    {"AsyncSSH", false},
    {"guile-ssh", true},
    {"WinSCP", false},
    {"phpseclib", false},
};

static bool
is_openssh(const char *ours, bool wants_number)
{
	static const char name[] = "OpenSSH";
	const char *after = ours + sizeof(name); /* and a character more */

	if (strncmp(ours, name, sizeof(name) - 1) != 0)
		return false;
	return !wants_number ||
	    (after[-1] != '\0' && *after >= '1' && *after <= '9');
}

bool
sftp_peer_swaps_symlink(const char *peer, const char *ours)
{
	const char *software;

	if (peer == NULL || !starts(peer, "SSH-2.0-"))
		return false;
	software = peer + strlen("SSH-2.0-");
	for (size_t i = 0; i < sizeof(draft) / sizeof(draft[0]); i++)
		if (starts(software, draft[i].name))
			return !is_openssh(ours, draft[i].wants_number);
	return false;
}
