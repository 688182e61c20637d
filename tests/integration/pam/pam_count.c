/*
 * Stands between the server and libpam (/etc/ld.so.preload in the tests'
 * namespace) and counts: each handle started, each ended, and those that were
 * ended twice or never started.  For test_pam_faults.py; never installed.
 * The counters are four 64-bit numbers in a file that all processes map.
 */
#include <security/pam_appl.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNTERS "/mnt/sp/pam_counters"
#define EXPORT	 __attribute__((visibility("default")))

enum counter { STARTED, ENDED, OPENED, CLOSED, COUNTERS_MAX };

static void
count(enum counter which)
{
	static _Atomic uint64_t *counters;
	int fd;

	if (counters == NULL) {
		if ((fd = open(COUNTERS, O_RDWR | O_CLOEXEC)) < 0)
			return;
		counters = mmap(NULL, COUNTERS_MAX * sizeof(*counters),
		    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (counters == MAP_FAILED) {
			counters = NULL;
			return;
		}
	}
	atomic_fetch_add(&counters[which], 1);
}

/* libpam is in the scope of pam.so alone, so there is no "next". */
static void *
real(const char *name)
{
	void *library = dlopen("libpam.so.0", RTLD_NOW | RTLD_NOLOAD);

	return library == NULL ? NULL : dlsym(library, name);
}

EXPORT int
pam_start(const char *service, const char *user,
    const struct pam_conv *conversation, pam_handle_t **handle)
{
	union {
		void *symbol;
		int (*call)(const char *, const char *, const struct pam_conv *,
		    pam_handle_t **);
	} u = {real("pam_start")};
	int status = u.call(service, user, conversation, handle);

	if (status == PAM_SUCCESS)
		count(STARTED);
	return status;
}

EXPORT int
pam_end(pam_handle_t *handle, int status)
{
	union {
		void *symbol;
		int (*call)(pam_handle_t *, int);
	} u = {real("pam_end")};
	int result = u.call(handle, status);

	if (result == PAM_SUCCESS)
		count(ENDED);
	return result;
}

EXPORT int
pam_open_session(pam_handle_t *handle, int flags)
{
	union {
		void *symbol;
		int (*call)(pam_handle_t *, int);
	} u = {real("pam_open_session")};
	int result = u.call(handle, flags);

	if (result == PAM_SUCCESS)
		count(OPENED);
	return result;
}

EXPORT int
pam_close_session(pam_handle_t *handle, int flags)
{
	union {
		void *symbol;
		int (*call)(pam_handle_t *, int);
	} u = {real("pam_close_session")};

	count(CLOSED);
	return u.call(handle, flags);
}
