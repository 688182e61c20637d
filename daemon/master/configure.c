/*
 * The configuration of a start, from a bundle that was handed down or from the
 * disk, and the log that it asks for.
 */
#include "daemon/master/master.h"

#include "config/load.h"
#include "daemon/start.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/safefile.h"
#include "lib/ssh/fips.h"
#include "privsep/die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
configure_log(const struct master *m, const struct config *config)
{
	start_logging(config,
	    &(struct start_flags){
		.log_stderr = m->options.log_stderr || m->options.test,
		.log_fd = m->log_fd,
		.log_level = m->options.log_level});
}

/* The fips profile is a promise that libcrypto must be able to keep. */
static int
check_provider(
    const struct config *config, const char *file, struct problems *problems)
{
	if (config->crypto.profile != CRYPTO_FIPS || fips_require() == 0)
		return 0;
	problem_error(problems, file, 0, "%s",
	    "crypto.profile: \"fips\" needs libcrypto's FIPS provider, which "
	    "cannot be loaded: install it (Debian: openssl-provider-fips) and "
	    "activate it in openssl.cnf, see fips_config(5ssl); or choose "
	    "another profile");
	return E_UNSUPPORTED;
}

void
configure_open_log(struct master *m)
{
	char why[SAFEFILE_WHY_MAX];

	if (m->options.log_file == NULL || m->log_fd >= 0 ||
	    safefile_append(m->options.log_file, &m->log_fd, why) == 0)
		return;
	if (why[0] != '\0')
		log_error("%s: %s", m->options.log_file, why);
	if (m->options.carry < 0) {
		errno = why[0] != '\0' ? ELOOP : errno;
		die_errno("%s", m->options.log_file);
	}
}

/* With -i the client may be at the other end of stderr. */
static void
log_problems(
    struct master *m, struct config *config, const struct problems *problems)
{
	struct config *defaults = config == NULL ? config_defaults() : NULL;

	configure_open_log(m);
	configure_log(m, config != NULL ? config : defaults);
	for (size_t i = 0; i < problems->count; i++) {
		char *line = problem_bare_line(&problems->items[i]);

		if (problems->items[i].severity == PROBLEM_ERROR)
			log_error("%s", line);
		else
			log_warn("%s", line);
		free(line);
	}
	config_free(defaults);
}

/* The configuration of this start: from a bundle handed down, or the disk. */
struct config *
configure_read(struct master *m, int *sealed)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	FILE *out = m->options.report >= 0 ?
	    fdopen(dup(m->options.report), "w") :
	    stderr;
	int err;

	err = m->options.bundle >= 0 ?
	    config_bundle_from_fd(m->options.bundle, &bundle) :
	    config_bundle_read(m->options.config_file, &bundle, &problems);
	/* A start from the disk; a reload has chosen already. */
	if (err == 0 && m->options.bundle < 0 && !m->options.test &&
	    !m->options.inetd && trial_choose(m, &bundle))
		problem_warning(&problems, m->options.config_file, 0, "%s",
		    "these files were not confirmed: the policy before them "
		    "is read");
	if (err == 0)
		err = config_load(&bundle, &config, &problems);
	if (err == 0)
		err = check_provider(config, m->options.config_file, &problems);
	if (m->options.inetd) {
		log_problems(m, config, &problems);
		if (err != 0 && problems.errors == 0)
			log_error(
			    "%s: %s", m->options.config_file, err_text(err));
	} else if (out != NULL) {
		problems_print(&problems, out);
		if (err != 0 && problems.errors == 0)
			fprintf(out, "%s: %s\n", m->options.config_file,
			    err_text(err));
		fflush(out);
		if (out != stderr)
			fclose(out);
	}
	if (err == 0 && (*sealed = config_bundle_seal(&bundle)) < 0)
		die_errno("cannot seal the configuration");
	if (m->options.bundle >= 0)
		close(m->options.bundle);
	m->options.bundle = -1;
	config_bundle_free(&bundle);
	problems_free(&problems);
	return err == 0 ? config : NULL;
}
