/*
 * The memory of the status slots, for the master and the monitor template.
 */
#include "privsep/slot.h"

#include "lib/err.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#define SLOT_CALL_TEXT(name, text) [CALL_##name] = (text),
static const char *const call_texts[SLOT_CALL_COUNT] = { SLOT_CALLS(
    SLOT_CALL_TEXT) };

const char *
slot_call_text(uint32_t call)
{
	return call < SLOT_CALL_COUNT ? call_texts[call] : "unknown call";
}

#define SLOTS_SIZE ((off_t)(SLOTS_MAX * sizeof(struct slot)))

int
slots_attach(int fd, struct slot **slots)
{
	struct stat st;
	void *memory;

	if (fstat(fd, &st) != 0 || st.st_size != SLOTS_SIZE)
		return E_SYSTEM;
	memory = mmap(NULL, (size_t)SLOTS_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return E_SYSTEM;
	*slots = memory;
	return 0;
}

int
slots_create(struct slot **slots, int *fd)
{
	int memory = memfd_create("sallyport-slots",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memory < 0)
		return E_SYSTEM;
	if (ftruncate(memory, SLOTS_SIZE) != 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0 ||
	    slots_attach(memory, slots) != 0) {
		close(memory);
		return E_SYSTEM;
	}
	*fd = memory;
	return 0;
}

void
slots_release(struct slot *slots)
{
	if (slots != NULL)
		munmap(slots, (size_t)SLOTS_SIZE);
}
