/*
 * The table of open files and directories of one SFTP session.
 */
#include "daemon/sftp/handle.h"

#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INDEX_BITS 16
#define INDEX_MASK 0xffffu

uint64_t
handles_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
handles_init(struct sftp_handles *t, uint32_t max)
{
	memset(t, 0, sizeof(*t));
	t->max = max > INDEX_MASK + 1 ? INDEX_MASK + 1 : max;
	t->free = HANDLES_NONE;
}

void
handles_free(struct sftp_handles *t)
{
	free(t->list);
	memset(t, 0, sizeof(*t));
}

bool
handles_have_room(const struct sftp_handles *t)
{
	return t->open < t->max;
}

static uint32_t
take_place(struct sftp_handles *t)
{
	uint32_t place = t->free;

	if (place != HANDLES_NONE) {
		t->free = t->list[place].next_free;
		return place;
	}
	if (t->used == t->room) {
		t->room = t->room == 0 ? 16 : t->room * 2;
		t->list = mem_grow(t->list, t->room, sizeof(*t->list));
	}
	place = t->used++;
	memset(&t->list[place], 0, sizeof(t->list[place]));
	return place;
}

struct sftp_handle *
handles_add(struct sftp_handles *t, int fd, DIR *directory, const char *path,
    uint32_t *number)
{
	uint32_t place = take_place(t);
	struct sftp_handle *h = &t->list[place];
	uint16_t generation = h->generation;

	memset(h, 0, sizeof(*h));
	h->generation = generation;
	h->kind = directory != NULL ? HANDLE_DIRECTORY : HANDLE_FILE;
	h->fd = fd;
	h->directory = directory;
	h->path = mem_strdup(path);
	h->opened_at = handles_clock();
	t->open++;
	*number = (uint32_t)generation << INDEX_BITS | place;
	return h;
}

struct sftp_handle *
handles_find(struct sftp_handles *t, uint32_t number)
{
	uint32_t place = number & INDEX_MASK;
	struct sftp_handle *h;

	if (place >= t->used)
		return NULL;
	h = &t->list[place];
	if (h->kind == HANDLE_FREE || h->generation != number >> INDEX_BITS)
		return NULL;
	return h;
}

int
handles_close(struct sftp_handles *t, struct sftp_handle *h)
{
	int error = 0;

	if (h->directory != NULL) {
		if (closedir(h->directory) != 0)
			error = errno;
	} else if (close(h->fd) != 0)
		error = errno;
	free(h->path);
	h->path = NULL;
	h->directory = NULL;
	h->fd = -1;
	h->kind = HANDLE_FREE;
	h->generation++;
	h->next_free = t->free;
	t->free = (uint32_t)(h - t->list);
	t->open--;
	return error;
}
