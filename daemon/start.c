/*
 * Starting a role in a freshly exec'd process, and the log of all of them.
 */
#include "daemon/start.h"

#include "config/load.h"
#include "daemon/roles.h"
#include "lib/audit.h"
#include "lib/audit_chain.h"
#include "lib/journal.h"
#include "lib/log.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/fips.h"
#include "lib/syslog_out.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/spawn.h"
#include "privsep/title.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct start_flags own_flags = {.log_fd = -1, .log_level = -2};

const struct start_flags *
start_own_flags(void)
{
	return &own_flags;
}

/*
 * The target "system" is the journal where /dev/log leads there, too, or
 * nowhere.  Where another daemon has taken /dev/log, that one goes on getting
 * what rules and watchers expect of it: the journal may not hand it on.
 */
static bool
journal_is_the_systems(void)
{
	struct stat st, own;

	if (stat(JOURNAL_PATH, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	if (stat(SYSLOG_OUT_PATH, &st) != 0)
		return true;
	return stat(JOURNAL_SYSLOG_PATH, &own) == 0 &&
	    st.st_dev == own.st_dev && st.st_ino == own.st_ino;
}

static void
open_targets(const struct config *config, const struct start_flags *flags)
{
	const struct log_settings *s = &config->log;
	struct audit_output outputs[AUDIT_OUTPUT_MAX];
	size_t n = 0;
	bool to_syslog = false, to_journal = false;

	/* -E stands in place of all of them, in a rehearsal as well. */
	for (size_t i = 0; flags->log_fd < 0 && i < s->targets.count; i++) {
		const char *target = s->targets.items[i];

		if (strcmp(target, "syslog") == 0)
			to_syslog = true;
		else if (strcmp(target, "journal") == 0)
			to_journal = true;
		else if (strcmp(target, "system") == 0)
			*(journal_is_the_systems() ? &to_journal : &to_syslog) =
			    true;
		else if (strcmp(target, "stderr") == 0)
			log_use_stderr(true);
		else if (log_open_file(target) != 0)
			AUDIT(audit_unavailable, .carrier = target,
			    .reason = strerror(errno));
	}
	if (flags->log_stderr)
		to_syslog = to_journal = false;
	if (to_syslog || to_journal) {
		const struct syslog_out_options o = {.ident = s->ident,
		    .facility = (int)s->facility,
		    .journal = to_journal};

		syslog_out_close();
		if (syslog_out_open(&o) != 0)
			log_error("syslog cannot be opened");
	}
	log_use_syslog(to_syslog);
	log_use_journal(to_journal ? audit_journal_line : NULL);
	outputs[n++] = (struct audit_output){.sink = AUDIT_TO_LOG,
	    .format = (enum audit_format)s->format,
	    .fd = -1};
	if (to_journal)
		outputs[n++] = (struct audit_output){.sink = AUDIT_TO_JOURNAL,
		    .fd = -1,
		    .journal = audit_journal_event};
	(void)audit_set_outputs(outputs, n);
}

static int
hash_pieces(const struct audit_piece *pieces, size_t count, uint8_t *hash)
{
	struct digest_part parts[4];

	for (size_t i = 0; i < count && i < 4; i++)
		parts[i] = (struct digest_part){pieces[i].data, pieces[i].len};
	return digest_parts(DIGEST_SHA256, parts, count, hash, AUDIT_HASH);
}

void
start_chain(void)
{
	if (digest_preload() != 0)
		die("libcrypto has no SHA-2");
	audit_chain_use(hash_pieces);
	audit_chain_begin(NULL);
}

void
start_logging(const struct config *config, const struct start_flags *flags)
{
	/* A time stamp's zone, before there is a chroot or a sandbox. */
	tzset();
	log_use_stderr(flags->log_stderr);
	log_use_fd(flags->log_fd);
	log_set_ident(config->log.ident);
	log_set_level(
	    flags->log_level != -2 ? flags->log_level : (int)config->log.level);
	open_targets(config, flags);
}

struct config *
start_config(void)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;

	if (config_bundle_from_fd(SPAWN_BUNDLE, &bundle) != 0 ||
	    config_load(&bundle, &config, &problems) != 0)
		die("the sealed configuration cannot be read");
	config_bundle_free(&bundle);
	problems_free(&problems);
	close(SPAWN_BUNDLE);
	start_logging(config, &own_flags);
	return config;
}

static uid_t own_uid;
static gid_t own_gid;
static char own_empty[4096];

static void
read_drop(const char *drop)
{
	unsigned uid = 0, gid = 0;
	int at = 0;

	if (drop == NULL || sscanf(drop, "%u:%u:%n", &uid, &gid, &at) != 2 ||
	    at == 0)
		die("--drop is missing");
	own_uid = uid;
	own_gid = gid;
	snprintf(own_empty, sizeof(own_empty), "%s", &drop[at]);
}

void
start_drop(enum role role)
{
	drop_to_role(role, own_empty, own_uid, own_gid);
}

void
start_role(const char *argument, int log_level, const char *drop)
{
	char name[64];
	size_t n = strcspn(argument, ",");

	snprintf(name, sizeof(name), "%.*s", (int)n, argument);
	own_flags.log_stderr = strstr(argument, ",stderr") != NULL;
	own_flags.log_fd = strstr(argument, ",file") != NULL ? SPAWN_LOG : -1;
	own_flags.log_level = log_level;
	if (log_level != -2) /* workers have no configuration to read it in */
		log_set_level(log_level);
	log_use_stderr(own_flags.log_stderr);
	log_use_fd(own_flags.log_fd);
	audit_set_component(role_row(role_of_name(name))->name);
	read_drop(drop);
	/* Before anything of libcrypto is looked up. */
	if (strstr(argument, ",fips") != NULL && fips_require() != 0)
		die("libcrypto's FIPS provider cannot be used any more");
	title_set("%s", name);
	if (role_of_name(name) == ROLE_KEYHOLDER ||
	    role_of_name(name) == ROLE_MONITORS)
		start_chain();
	switch (role_of_name(name)) {
	case ROLE_KEYHOLDER:
		keyholder_run(SPAWN_WALL);
	case ROLE_HELPER:
		helper_run(SPAWN_WALL, SPAWN_DOOR);
	case ROLE_MONITORS:
		monitors_run(SPAWN_WALL);
	case ROLE_WORKERS:
		workers_start(SPAWN_WALL);
	default:
		die("no such role: %s", name);
	}
}
