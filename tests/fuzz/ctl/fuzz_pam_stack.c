/*
 * The stack of a PAM service, as explain reads it, from any bytes; the file may
 * include itself, as /proc/self/fd/100.
 */
#include "daemon/ctl/standing.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define FD   100
#define SELF "/proc/self/fd/100"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = {"account", "auth"};
	int fd = memfd_create("stack", MFD_CLOEXEC);

	if (fd < 0 || dup2(fd, FD) != FD || close(fd) != 0 ||
	    write(FD, data, size) != (ssize_t)size)
		abort();
	for (size_t i = 0; i < 2; i++) {
		int asks =
		    explain_pam_asks("/nowhere", SELF, kinds[i], "pam_unix");

		if (asks < -1 || asks > 1)
			abort();
	}
	close(FD);
	return 0;
}
