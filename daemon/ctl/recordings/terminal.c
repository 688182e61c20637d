/*
 * The terminal of who plays a recording: terminal.h.
 */
#include "daemon/ctl/recordings/terminal.h"

#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool changed;
static int signals = -1;

/*
 * Attributes, margins, character sets, the main screen, the cursor, the mouse
 * and the keys as a terminal has them at its start.
 */
static const char as_new[] =
    "\x18\x1b[!p\x1b[?1047l\x1b[?5l\x1b[?1l\x1b>\x1b[?25h\x1b[?7h\x1b[0m"
    "\x1b(B\x1b)B\x0f\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l"
    "\x1b[?2004l\r\n";

static void
hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		signals = signalfd(-1, &set, SFD_CLOEXEC);
}

void
terminal_begin(struct recordings_options *o)
{
	struct termios raw;
	struct winsize size;

	hold_signals();
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &before) != 0)
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		o->columns = size.ws_col;
		o->rows = size.ws_row;
	}
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	changed = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	o->keys_come = changed;
}

/* TCSAFLUSH drops answers of the terminal, which the shell would
 * read as input. */
void
terminal_end(void)
{
	if (!changed)
		return;
	if (write(STDOUT_FILENO, as_new, strlen(as_new)) < 0)
		perror("sallyportctl");
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	changed = false;
}

bool
terminal_wait(int feed, int ms)
{
	struct pollfd p[] = {
	    {.fd = feed, .events = POLLIN}, {.fd = signals, .events = POLLIN}};

	return poll(p, 2, ms) != 0;
}
