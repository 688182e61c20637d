/*
 * Which clients write SYMLINK's two names in the draft's order when the
 * server does not call itself OpenSSH.  All others write OpenSSH's.
 */
#include "daemon/sftp/sftp.h"

#include <string.h>
#include <strings.h>

static bool
starts(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* libssh to this day (0.11.5 seen); libssh2 is another library. */
static const char *const draft[] = {
    "libssh_",
    "libssh-",
    "ssh2js",
    "AsyncSSH",
    "guile-ssh",
    "WinSCP",
    "phpseclib",
};

bool
sftp_peer_swaps_symlink(const char *peer)
{
	const char *software;

	if (peer == NULL || !starts(peer, "SSH-2.0-"))
		return false;
	software = peer + strlen("SSH-2.0-");
	for (size_t i = 0; i < sizeof(draft) / sizeof(draft[0]); i++)
		if (starts(software, draft[i]))
			return true;
	return false;
}
