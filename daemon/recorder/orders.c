/*
 * The orders that a recorder hears while it is root: what it is to record, and
 * whom it becomes.  It trusts its monitor, and reads nobody else.
 */
#include "daemon/recorder/recorder.h"

#include "lib/fd.h"
#include "lib/mem.h"
#include "lib/ssh/modes.h"
#include "privsep/die.h"

#include <string.h>

int
on_record_begin(struct recorder *r, struct wall_message *m)
{
	r->records_input = m->record_begin.input;
	r->required = m->record_begin.required;
	peer_keep(&r->begin, m);
	return 0;
}

int
on_record_file(struct recorder *r, struct wall_message *m)
{
	peer_keep(&r->file, m);
	return 0;
}

static int
take_fd(struct wall_message *m, int i)
{
	int fd = m->fds[i];

	m->fds[i] = -1;
	if (fd_set_nonblocking(fd) != 0 || fd_set_cloexec(fd) != 0)
		die_errno("recorder: a descriptor");
	return fd;
}

static void
take_leg(
    struct leg *leg, struct end *from, struct end *to, enum cast_stream stream)
{
	leg->from = from;
	leg->to = to;
	leg->stream = stream;
	leg->data = mem_alloc(LEG_BUFFER);
}

int
on_record_terminal(struct recorder *r, struct wall_message *m)
{
	struct end *master = &r->ends[0], *stream = &r->ends[1];

	if (r->output.from != NULL || r->input.from != NULL)
		return E_STATE;
	r->terminal = true;
	master->fd = take_fd(m, 0);
	stream->fd = take_fd(m, 1);
	take_leg(&r->output, master, stream, CAST_OUTPUT);
	take_leg(&r->input, stream, master, CAST_INPUT);
	modes_apply(master->fd, m->record_terminal.modes.data,
	    m->record_terminal.modes.len);
	return 0;
}

int
on_record_output(struct recorder *r, struct wall_message *m)
{
	if (r->output.from != NULL)
		return E_STATE;
	for (int i = 0; i < 4; i++)
		r->ends[i].fd = take_fd(m, i);
	take_leg(&r->output, &r->ends[0], &r->ends[1], CAST_OUTPUT);
	take_leg(&r->error, &r->ends[2], &r->ends[3], CAST_ERROR);
	return 0;
}

int
on_record_input(struct recorder *r, struct wall_message *m)
{
	if (r->input.from != NULL)
		return E_STATE;
	for (int i = 0; i < 2; i++)
		r->ends[4 + i].fd = take_fd(m, i);
	take_leg(&r->input, &r->ends[4], &r->ends[5], CAST_INPUT);
	return 0;
}

int
on_record_go(struct recorder *r, struct wall_message *m)
{
	(void)m;
	if (r->begin.type != MSG_record_begin || r->output.from == NULL)
		return E_STATE;
	r->going = true;
	return 0;
}
