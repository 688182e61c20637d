/*
 * Encoded terminal modes, RFC 4254 section 8, onto a pty by its master side:
 * hostile bytes are read here, in processes where nothing can be won with them.
 */
#include "lib/ssh/modes.h"

#include "lib/rd.h"

#include <sys/ioctl.h>

#include <termios.h>
#include <unistd.h>

#define OPCODE_END	  0
#define OPCODE_LAST_KNOWN 159 /* RFC 4254: 160 and above are undefined */
#define ISPEED		  128
#define OSPEED		  129

/* Characters: opcode to index in c_cc; 255 switches one off. */
static const struct {
	uint8_t opcode, index;
} characters[] = {{1, VINTR}, {2, VQUIT}, {3, VERASE}, {4, VKILL}, {5, VEOF},
    {6, VEOL}, {7, VEOL2}, {8, VSTART}, {9, VSTOP}, {10, VSUSP}, {12, VREPRINT},
    {13, VWERASE}, {14, VLNEXT}, {16, VSWTC}, {18, VDISCARD}};

enum word { IFLAG, LFLAG, OFLAG, CFLAG };

static const struct {
	uint8_t opcode;
	uint8_t word; /* enum word */
	uint32_t flag;
} flags[] = {{30, IFLAG, IGNPAR}, {31, IFLAG, PARMRK}, {32, IFLAG, INPCK},
    {33, IFLAG, ISTRIP}, {34, IFLAG, INLCR}, {35, IFLAG, IGNCR},
    {36, IFLAG, ICRNL}, {37, IFLAG, IUCLC}, {38, IFLAG, IXON},
    {39, IFLAG, IXANY}, {40, IFLAG, IXOFF}, {41, IFLAG, IMAXBEL},
    {42, IFLAG, IUTF8}, {50, LFLAG, ISIG}, {51, LFLAG, ICANON},
    {52, LFLAG, XCASE}, {53, LFLAG, ECHO}, {54, LFLAG, ECHOE},
    {55, LFLAG, ECHOK}, {56, LFLAG, ECHONL}, {57, LFLAG, NOFLSH},
    {58, LFLAG, TOSTOP}, {59, LFLAG, IEXTEN}, {60, LFLAG, ECHOCTL},
    {61, LFLAG, ECHOKE}, {62, LFLAG, PENDIN}, {70, OFLAG, OPOST},
    {71, OFLAG, OLCUC}, {72, OFLAG, ONLCR}, {73, OFLAG, OCRNL},
    {74, OFLAG, ONOCR}, {75, OFLAG, ONLRET}, {92, CFLAG, PARENB},
    {93, CFLAG, PARODD}};

static tcflag_t *
word_of(struct termios *t, enum word word)
{
	return word == IFLAG ? &t->c_iflag :
	    word == LFLAG    ? &t->c_lflag :
	    word == OFLAG    ? &t->c_oflag :
			       &t->c_cflag;
}

static void
set_speed(struct termios *t, uint8_t opcode, uint32_t baud)
{
	static const struct {
		uint32_t baud;
		speed_t speed;
	} speeds[] = {{1200, B1200}, {2400, B2400}, {4800, B4800},
	    {9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600},
	    {115200, B115200}, {230400, B230400}};

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].baud == baud) {
			if (opcode == ISPEED)
				cfsetispeed(t, speeds[i].speed);
			else
				cfsetospeed(t, speeds[i].speed);
		}
}

static void
set_mode(struct termios *t, uint8_t opcode, uint32_t value)
{
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
		if (characters[i].opcode == opcode)
			t->c_cc[characters[i].index] =
			    value == 255 ? _POSIX_VDISABLE : (cc_t)value;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		tcflag_t *word;

		if (flags[i].opcode != opcode)
			continue;
		word = word_of(t, (enum word)flags[i].word);
		*word = value != 0 ? *word | flags[i].flag :
				     *word & ~(tcflag_t)flags[i].flag;
	}
	if (opcode == 90 || opcode == 91)
		if (value != 0)
			t->c_cflag = (t->c_cflag & ~(tcflag_t)CSIZE) |
			    (opcode == 90 ? CS7 : CS8);
	if (opcode == ISPEED || opcode == OSPEED)
		set_speed(t, opcode, value);
}

void
modes_decode(const uint8_t *modes, size_t len, struct termios *t)
{
	struct rd r;
	uint8_t opcode;

	rd_init(&r, modes, len);
	while (rd_left(&r) > 0) {
		uint32_t value;

		opcode = rd_u8(&r);
		if (opcode == OPCODE_END || opcode > OPCODE_LAST_KNOWN)
			break;
		value = rd_u32(&r);
		if (r.err != 0)
			break; /* what came whole holds */
		set_mode(t, opcode, value);
	}
}

void
modes_apply(int fd, const uint8_t *modes, size_t len)
{
	struct termios t;

	if (tcgetattr(fd, &t) != 0)
		return;
	modes_decode(modes, len, &t);
	(void)tcsetattr(fd, TCSANOW, &t);
}
