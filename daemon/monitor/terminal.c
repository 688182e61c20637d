/*
 * Terminals: made by root, given to the user; and the stream that takes the
 * place of one's master side where it is recorded.
 */
#include "daemon/monitor/sessions.h"

#include "lib/err.h"
#include "lib/log.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
terminal_open(const struct monitor *m, const struct msg_pty *p, int *master,
    int *slave, char *name, size_t size)
{
	struct winsize w = {.ws_col = (unsigned short)p->columns,
	    .ws_row = (unsigned short)p->rows,
	    .ws_xpixel = (unsigned short)p->width,
	    .ws_ypixel = (unsigned short)p->height};
	struct group *tty = getgrnam("tty");

	*slave = -1;
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master < 0)
		return E_SYSTEM;
	if (grantpt(*master) != 0 || unlockpt(*master) != 0 ||
	    ptsname_r(*master, name, size) != 0)
		return E_SYSTEM;
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	if (*slave < 0)
		return E_SYSTEM;
	/* As login(1) does: write(1) reaches it through the group. */
	if (fchown(*slave, m->passwd.pw_uid,
		tty != NULL ? tty->gr_gid : m->passwd.pw_gid) != 0 ||
	    fchmod(*slave, tty != NULL ? 0620 : 0600) != 0)
		return E_SYSTEM;
	if (ioctl(*master, TIOCSWINSZ, &w) != 0)
		log_debug("window size: %s", strerror(errno));
	return 0;
}

/* The worker of a recorded terminal never has it: what it gets leads to the
 * recorder, which is started with the program. */
int
terminal_stream(struct chan *c, const struct msg_pty *p, int *workers)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		pair) != 0)
		return E_SYSTEM;
	c->stream = pair[0];
	*workers = pair[1];
	buf_bytes(&c->modes, p->modes.data, p->modes.len);
	return 0;
}
