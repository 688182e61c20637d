/*
 * The memory of the status slots, for the master and the monitor template,
 * and what monitors count in theirs.
 */
#include "privsep/slot.h"

#include "lib/err.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLOT_RECHECK_TEXT(name, text) [RECHECK_##name] = (text),
static const char *const recheck_texts[RECHECK_COUNT] = {
    SLOT_RECHECKS(SLOT_RECHECK_TEXT)};
#undef SLOT_RECHECK_TEXT

const char *
slot_recheck_text(uint32_t cause)
{
	return cause < RECHECK_COUNT ? recheck_texts[cause] : "unknown cause";
}

#define SLOT_CALL_TEXT(name, text) [CALL_##name] = (text),
static const char *const call_texts[SLOT_CALL_COUNT] = {
    SLOT_CALLS(SLOT_CALL_TEXT)};

const char *
slot_call_text(uint32_t call)
{
	return call < SLOT_CALL_COUNT ? call_texts[call] : "unknown call";
}

bool
slot_call_is_pam(uint32_t call)
{
	switch (call) {
	case CALL_PAM_START:
	case CALL_PAM_AUTHENTICATE:
	case CALL_PAM_ACCOUNT:
	case CALL_PAM_CHAUTHTOK:
	case CALL_PAM_SETCRED:
	case CALL_PAM_OPEN_SESSION:
	case CALL_PAM_CLOSE_SESSION:
	case CALL_PAM_END:
		return true;
	default:
		return false;
	}
}

const char *
slot_call_module(uint32_t call, const char *detail)
{
	static char name[sizeof(((struct slot *)NULL)->detail)];

	if (slot_call_is_pam(call))
		return "pam"; /* the detail is a service */
	switch (call) {
	case CALL_MODULE:
	case CALL_MODULE_BEGIN:
	case CALL_MODULE_AUTHENTICATE:
	case CALL_MODULE_ACCOUNT:
	case CALL_MODULE_CHANGE:
	case CALL_MODULE_OPEN:
	case CALL_MODULE_CLOSE:
	case CALL_MODULE_END:
		/* "name: what it does" */
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(detail, ":"),
		    detail);
		return name[0] != '\0' ? name : "unknown";
	case CALL_KEY_SOURCE:
		return "publickey"; /* and here a source */
	default:
		return NULL;
	}
}

#define SLOTS_SIZE                                    \
	((off_t)(SLOTS_MAX * sizeof(struct slot) +    \
	    LEFTOVERS_MAX * sizeof(struct leftover) + \
	    sizeof(struct accounts)))

struct leftover *
slots_leftovers(struct slot *slots)
{
	return (struct leftover *)(void *)&slots[SLOTS_MAX];
}

struct accounts *
slots_accounts(struct slot *slots)
{
	return (struct accounts *)(void *)&slots_leftovers(
	    slots)[LEFTOVERS_MAX];
}

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
	int memory =
	    memfd_create("sallyport-slots", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memory < 0)
		return E_SYSTEM;
	if (ftruncate(memory, SLOTS_SIZE) != 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0 ||
	    slots_attach(memory, slots) != 0) {
		close(memory);
		return E_SYSTEM;
	}
	/* Without the kernel's randomness nobody's source is known for sure,
	 * and a collision could be made. */
	if (getrandom(slots_accounts(*slots)->seed, ACCOUNTS_SEED, 0) !=
	    ACCOUNTS_SEED) {
		slots_release(*slots);
		*slots = NULL;
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

const uint32_t slot_bounds[SLOT_BUCKETS] = {
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000};

#define SLOT_TIME_TEXT(name, text) [TIME_##name] = (text),
static const char *const time_texts[SLOT_TIME_COUNT] = {
    SLOT_TIMES(SLOT_TIME_TEXT)};

#define SLOT_METHOD_TEXT(name, text) [SLOT_METHOD_##name] = (text),
static const char *const method_texts[SLOT_METHOD_COUNT] = {
    SLOT_METHODS(SLOT_METHOD_TEXT)};

const char *
slot_time_text(enum slot_time what)
{
	return time_texts[what];
}

const char *
slot_method_text(enum slot_method method)
{
	return method_texts[method];
}

void
slot_took(struct slot *slot, enum slot_time what, uint64_t ms)
{
	size_t i = 0;

	if (slot == NULL)
		return;
	while (i < SLOT_BUCKETS && ms > slot_bounds[i])
		i++;
	slot->counts.times[what].sum += ms;
	slot->counts.times[what].buckets[i]++;
}

void
slot_proof(struct slot *slot, const char *method, enum slot_outcome outcome)
{
	enum slot_method i = 0;

	if (slot == NULL)
		return;
	while (i < SLOT_METHOD_OTHER && strcmp(method, method_texts[i]) != 0)
		i++;
	slot->counts.proofs[i][outcome]++;
}

void
slot_counts_add(struct slot_counts *total, const struct slot_counts *more)
{
	for (size_t i = 0; i < SLOT_TIME_COUNT; i++) {
		total->times[i].sum += more->times[i].sum;
		for (size_t k = 0; k <= SLOT_BUCKETS; k++)
			total->times[i].buckets[k] += more->times[i].buckets[k];
	}
	for (size_t i = 0; i < SLOT_METHOD_COUNT; i++)
		for (size_t k = 0; k < OUTCOME_COUNT; k++)
			total->proofs[i][k] += more->proofs[i][k];
	total->log_lost += more->log_lost;
}
