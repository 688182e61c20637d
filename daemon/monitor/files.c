/*
 * The monitor's questions about paths that may lie on a user's file system: it
 * touches none of them itself.
 */
#include "daemon/monitor/files.h"

#include "daemon/monitor/auth.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <unistd.h>

int
files_ask(struct monitor *m, enum errand_question question, const char *path)
{
	uint32_t seconds = m->template->config->deadlines.files;
	struct errand_as as = {.uid = m->passwd.pw_uid,
	    .gid = m->passwd.pw_gid,
	    .whose = m->passwd.pw_uid};
	uint64_t began = loop_clock();
	pid_t pid = 0;
	int answer;

	as.groups = auth_groups(m, &as.group_count);
	monitor_call(m, CALL_FILES, path);
	answer = errand_ask(&as, question, path, seconds * 1000, &pid);
	monitor_call_done(m);
	if (answer == SALLYPORT_TIMEOUT)
		AUDIT(call_deadline, .call = slot_call_text(CALL_FILES),
		    .component = path, .process = (uint64_t)pid,
		    .duration_ms = loop_clock() - began);
	return answer;
}

bool
files_bytes(struct monitor *m, const char *path, size_t max, struct buf *out)
{
	uint32_t seconds = m->template->config->deadlines.files;
	const struct errand_as root = {.uid = 0};
	char why[SAFEFILE_WHY_MAX] = "";
	int fd = -1, err;

	monitor_call(m, CALL_FILES, path);
	err = errand_open(
	    &root, path, NULL, max, seconds * 1000, &fd, why, sizeof(why));
	monitor_call_done(m);
	if (err != SALLYPORT_OK) {
		log_warn("cannot read %s: %s", path, why);
		return false;
	}
	err = safefile_read_fd(fd, max, out);
	if (err != 0)
		log_warn("cannot read %s: %s", path, err_text(out->err));
	close(fd);
	return err == 0;
}

char *
files_read(struct monitor *m, const char *path, size_t max)
{
	struct buf contents;
	char *text = NULL;

	buf_init(&contents, max);
	if (files_bytes(m, path, max, &contents))
		text = mem_strndup((const char *)contents.data, contents.len);
	buf_free(&contents);
	return text;
}
