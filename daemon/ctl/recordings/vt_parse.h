/*
 * The control sequences of terminals (ECMA-48, xterm's ctlseqs), taken apart:
 * characters, controls, escape and control sequences, strings.  Bounded, and
 * any bytes may come in any pieces.
 */
#ifndef DAEMON_CTL_RECORDINGS_VT_PARSE_H
#define DAEMON_CTL_RECORDINGS_VT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_PARAMETERS	  16
#define VT_PARAMETERS_RAW 64

enum vt_kind {
	VT_PRINT, /* a character, c */
	VT_CONTROL, /* C0 or C1, c */
	VT_ESCAPE, /* ESC between final */
	VT_CSI, /* CSI prefix parameters between final */
	VT_STRING, /* OSC, DCS, APC, PM or SOS with what was in it; ended */
};

struct vt_part {
	enum vt_kind kind;
	uint32_t c; /* the character, the control, or the final byte */
	char prefix; /* '?', '>', '<', '=' or 0 */
	char between; /* the intermediate byte, or 0 */
	const char *raw; /* the parameters as they came */
	unsigned values[VT_PARAMETERS]; /* 0: not given */
	unsigned count;
};

typedef void vt_part_fn(const struct vt_part *part, void *arg);

struct vt_parse {
	enum { IN_GROUND, IN_ESCAPE, IN_CSI, IN_STRING, IN_STRING_ESCAPE } in;
	char prefix, between;
	char raw[VT_PARAMETERS_RAW + 1];
	size_t raw_len;
	bool spoilt; /* longer than anybody means: taken, not told */
};

/* Begin with a structure of zeros. */
void vt_parse(struct vt_parse *p, const char *data, size_t len, vt_part_fn *fn,
    void *arg);

#endif
