/*
 * Which clients write SYMLINK's two names in the draft's order when the
 * server does not call itself OpenSSH.  All others write OpenSSH's.
 */
#include "daemon/sftp/sftp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
starts(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* "libssh_0.10.6" or "libssh-0.5"; libssh2 is another library. */
static bool
old_libssh(const char *software)
{
	const char *at = software + strlen("libssh");
	char *end;
	long major, minor = 0;

	if (*at != '_' && *at != '-')
		return false;
	major = strtol(&at[1], &end, 10);
	if (end == &at[1])
		return false;
	if (*end == '.')
		minor = strtol(&end[1], NULL, 10);
	return major == 0 && minor < 11;
}

bool
sftp_peer_swaps_symlink(const char *peer)
{
	const char *software;

	if (peer == NULL || !starts(peer, "SSH-2.0-"))
		return false;
	software = peer + strlen("SSH-2.0-");
	if (starts(software, "libssh"))
		return old_libssh(software);
	return starts(software, "ssh2js") || starts(software, "AsyncSSH") ||
	    starts(software, "guile-ssh") || starts(software, "Guile-SSH");
}
