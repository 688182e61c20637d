/*
 * The table of roles, DESIGN section 1.
 */
#include "privsep/roles.h"

#include "privsep/die.h"

#include <stdio.h>
#include <string.h>

static const struct role_row rows[ROLE_COUNT] = {
    [ROLE_MASTER] = {.name = "master",
	.user = AS_ROOT,
	.root = ROOT_AS_IS,
	.capabilities = true,
	.address_space = true,
	.shared = SHARES_SLOTS,
	.descriptors = 4096},
    [ROLE_KEYHOLDER] = {.name = "keyholder",
	.user = AS_KEYHOLDER,
	.root = ROOT_EMPTY,
	.no_groups = true,
	.no_new_privs = true,
	.seccomp = true,
	.address_space = true,
	.descriptors = 4096},
    [ROLE_TICKETHOLDER] = {.name = "ticketholder",
	.user = AS_TICKETHOLDER,
	.root = ROOT_EMPTY,
	.no_groups = true,
	.no_new_privs = true,
	.seccomp = true,
	.address_space = true,
	.descriptors = 2048},
    /* It reads what its library reads: certificates, resolv.conf. */
    [ROLE_HELPER] = {.name = "helper",
	.user = AS_HELPER,
	.root = ROOT_AS_IS,
	.no_groups = true,
	.no_new_privs = true,
	.seccomp = true,
	.address_space = true,
	.descriptors = 1024},
    [ROLE_MONITORS] = {.name = "monitors",
	.user = AS_ROOT,
	.root = ROOT_AS_IS,
	.capabilities = true,
	.address_space = true,
	.shared = SHARES_SLOTS | SHARES_KEYS,
	.descriptors = 32},
    /* No no_new_privs: sudo must work in what it starts. */
    [ROLE_MONITOR] = {.name = "monitor",
	.user = AS_ROOT,
	.root = ROOT_AS_IS,
	.capabilities = true,
	.shared = SHARES_SLOTS | SHARES_KEYS,
	.descriptors = 24},
    [ROLE_WORKERS] = {.name = "workers",
	.user = AS_WORKER,
	.root = ROOT_EMPTY,
	.no_groups = true,
	.no_new_privs = true,
	.seccomp = true,
	.address_space = true,
	.descriptors = 16},
    [ROLE_WORKER] = {.name = "worker",
	.user = AS_WORKER,
	.root = ROOT_EMPTY,
	.no_groups = true,
	.no_new_privs = true,
	.seccomp = true,
	.descriptors = 16},
    [ROLE_SESSION] = {.name = "session",
	.user = AS_USER,
	.root = ROOT_AS_IS,
	.address_space = true,
	.descriptors = 16},
    [ROLE_RECORDER] = {.name = "recorder",
	.user = AS_RECORDER,
	.root = ROOT_EMPTY,
	.no_groups = true,
	.no_new_privs = true,
	.seccomp = true,
	.address_space = true,
	.descriptors = 16},
};

const struct role_row *
role_row(enum role role)
{
	if ((unsigned)role >= ROLE_COUNT)
		bug("role %u", (unsigned)role);
	return &rows[role];
}

enum role
role_of_name(const char *name)
{
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return (enum role)i;
	return ROLE_COUNT;
}

void
roles_print(void)
{
	static const char *const users[] = {"root", "keyholder", "ticketholder",
	    "helper", "worker", "user", "recorder"};
	static const char *const shared[] = {
	    "none", "slots", "keys", "slots,keys"};

	for (unsigned i = 0; i < ROLE_COUNT; i++)
		printf("%s user=%s root=%s groups=%s nnp=%d seccomp=%d "
		       "caps=%s dumpable=%d fds=%u shared=%s exec=%d\n",
		    rows[i].name, users[rows[i].user],
		    rows[i].root == ROOT_EMPTY ? "empty" : "/",
		    rows[i].no_groups ? "none" : "any", rows[i].no_new_privs,
		    rows[i].seccomp, rows[i].capabilities ? "all" : "none",
		    rows[i].dumpable, rows[i].descriptors,
		    shared[rows[i].shared], rows[i].address_space);
}
