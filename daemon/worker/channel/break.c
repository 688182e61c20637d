/*
 * RFC 4335 on a pseudo-terminal, which has no line to break: what a serial
 * line's break would do by the terminal's own settings, done as if typed.
 * A file of its own, because the kernel's struct termios is not libc's.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/log.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <unistd.h>

extern int ioctl(int, unsigned long, ...);

void
channel_break(struct channel *c)
{
	struct termios t;
	uint8_t byte = 0;

	if (c->input.fd < 0 || ioctl(c->output.fd, TCGETS, &t) != 0 ||
	    (t.c_iflag & IGNBRK) != 0)
		return;
	if ((t.c_iflag & BRKINT) != 0 && (t.c_lflag & ISIG) != 0)
		byte = t.c_cc[VINTR];
	if (write(c->input.fd, &byte, 1) != 1)
		log_debug("channel %u: break was not taken", c->id);
}
