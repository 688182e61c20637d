/*
 * sallyportctl explain: the account.  Each look-up is the one that the monitor
 * or the session makes; what PAM's account stage would say is read from its
 * stack, since running it would change its counters.
 */
#include "daemon/ctl/standing.h"

#include "daemon/ctl/ctl.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "modules/host/probe.h"
#include "privsep/chroot_path.h"
#include "privsep/directory.h"
#include "privsep/errand.h"
#include "privsep/path_tokens.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY 86400

struct looking {
	struct question *q;
	const struct decision *d;
	struct standings *s;
	struct probes modules;
	bool unread_module; /* one could not be opened: what it asks is unknown
			     */
	bool account; /* some module has an opinion on accounts */
	bool pam; /* and it is PAM, with the service: */
	const char *directory, *service;
};

/* ---- the list ---- */

void
standing_add(struct standings *s, enum standing_state state, const char *what,
    const char *format, ...)
{
	va_list args;

	s->items = mem_grow(s->items, s->count + 1, sizeof(*s->items));
	s->items[s->count].state = state;
	s->items[s->count].what = what;
	va_start(args, format);
	s->items[s->count++].text = mem_vprintf(format, args);
	va_end(args);
}

const char *
standing_word(enum standing_state state)
{
	static const char *const words[] = {[STANDING_GOOD] = "good",
	    [STANDING_NOTE] = "note",
	    [STANDING_UNKNOWN] = "unknown",
	    [STANDING_REFUSES] = "refuses"};

	return words[state];
}

void
standings_free(struct standings *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].text);
	free(s->items);
	memset(s, 0, sizeof(*s));
}

/* ---- modules ---- */

static const char *
option_of(const struct module_settings *m, const char *name)
{
	for (size_t i = 0; i < m->options.count; i++)
		if (strcmp(m->options.items[i].key, name) == 0)
			return m->options.items[i].value;
	return NULL;
}

static void
take_module(struct looking *l, const struct probe *o)
{
	const char *service = l->d->grants.pam_service;

	if (!o->account)
		return;
	l->account = true;
	if (strcmp(o->name, "pam") != 0)
		return;
	l->pam = true;
	l->directory = option_of(o->settings, "directory");
	l->service = service != NULL ? service : probe_option(o, "service");
}

static void
open_modules(struct looking *l)
{
	const struct config *config = l->q->config;

	for (size_t i = 0; i < config->module_count; i++) {
		const struct module_settings *m = &config->modules[i];
		struct problems problems = {0};

		if (probe_add(&l->modules, config, m, &problems)) {
			take_module(l, &l->modules.items[l->modules.count - 1]);
		} else {
			l->unread_module = true;
			standing_add(l->s, STANDING_UNKNOWN, "module", "%s",
			    problems.count > 0 ? problems.items[0].text :
						 m->name);
		}
		problems_free(&problems);
	}
}

/* Does PAM's account stage ask it?  -1: not known. */
static int
pam_asks(const struct looking *l, const char *module)
{
	return !l->pam ?
	    0 :
	    explain_pam_asks(l->directory, l->service, "account", module);
}

/* Does each chain have one of the two methods? */
static bool
every_chain_needs(const struct decision *d, const char *one, const char *other)
{
	for (size_t i = 0; i < d->chains.count; i++) {
		const struct chain *chain = &d->chains.items[i];
		size_t k = 0;

		while (k < chain->count &&
		    strcmp(chain->steps[k].method, one) != 0 &&
		    strcmp(chain->steps[k].method, other) != 0)
			k++;
		if (k == chain->count)
			return false;
	}
	return d->chains.count > 0;
}

/* ---- the shadow entry ---- */

/*
 * An expired account or an overdue password is refused by pam_unix, or by the
 * monitor where no module has an account stage.
 */
static void
judge_ageing(
    struct looking *l, const struct directory_shadow *shadow, int unix_asks)
{
	long today = (long)(l->q->facts.now / DAY);
	enum standing_state refuses = l->account && unix_asks == 0 ?
	    STANDING_NOTE :
	    l->account && unix_asks < 0 ? STANDING_UNKNOWN :
					  STANDING_REFUSES;
	const char *but = refuses == STANDING_NOTE ?
	    ", which no module of the account stage asks" :
	    "";
	char date[DIRECTORY_DATE_SIZE];

	if (shadow->expires >= 0 && shadow->expires <= today)
		standing_add(l->s, refuses, "account",
		    "it expired on %s%s; \"chage -E -1 %s\" renews it",
		    directory_date(shadow->expires, date), but,
		    l->q->passwd->pw_name);
	else if (shadow->expires >= 0)
		standing_add(l->s, STANDING_GOOD, "account", "it expires on %s",
		    directory_date(shadow->expires, date));
	else
		standing_add(
		    l->s, STANDING_GOOD, "account", "it does not expire");
	if (!l->account)
		return; /* the monitor alone does not ask for new passwords */
	if (shadow->dead >= 0 && shadow->dead <= today)
		standing_add(l->s, refuses, "password",
		    "it was due on %s and not changed in time%s; \"passwd %s\" "
		    "sets another",
		    directory_date(shadow->due, date), but,
		    l->q->passwd->pw_name);
	else if (shadow->due >= 0 && shadow->due <= today)
		standing_add(l->s, STANDING_NOTE, "password",
		    shadow->due == 0 ?
			"it must be changed at this login%s" :
			"it is due: it must be changed at this login%s",
		    but);
}

/* Without an account stage the monitor refuses it; PAM only its password. */
static void
judge_lock(struct looking *l)
{
	const char *name = l->q->passwd->pw_name;

	if (l->account &&
	    !every_chain_needs(l->d, "password", "keyboard-interactive"))
		standing_add(l->s, STANDING_NOTE, "account",
		    "its password is locked: a key still lets in; \"passwd -u "
		    "%s\" unlocks it",
		    name);
	else
		standing_add(l->s, STANDING_REFUSES, "account",
		    "it is locked; \"passwd -u %s\" unlocks it", name);
}

static void
look_at_shadow(struct looking *l)
{
	struct directory_shadow shadow;
	int unix_asks = pam_asks(l, "pam_unix");

	if (geteuid() != 0) {
		standing_add(l->s, STANDING_UNKNOWN, "account",
		    "whether it is locked or has expired, root alone can see");
		return;
	}
	if (!directory_shadow(l->q->passwd->pw_name, &shadow)) {
		standing_add(l->s, STANDING_UNKNOWN, "account",
		    "a source of the name service does not answer for its "
		    "shadow entry");
		return;
	}
	if (!shadow.found) {
		standing_add(l->s, STANDING_GOOD, "account",
		    "it has no shadow entry: nothing locks it here");
		return;
	}
	if (shadow.locked)
		judge_lock(l);
	judge_ageing(l, &shadow, unix_asks);
	if (l->pam && unix_asks < 0)
		standing_add(l->s, STANDING_UNKNOWN, "pam",
		    "the file of service %s cannot be read", l->service);
}

/* ---- shell ---- */

static bool
is_listed_shell(const char *shell)
{
	char *line;
	bool found = false;

	setusershell();
	while (!found && (line = getusershell()) != NULL)
		found = strcmp(line, shell) == 0;
	endusershell();
	return found;
}

/* nologin(8) and false(1) are programs: they start, and end at once. */
static bool
ends_at_once(const char *shell)
{
	const char *slash = strrchr(shell, '/');
	const char *name = slash == NULL ? shell : &slash[1];

	return strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0;
}

static void
judge_nologin_shell(struct looking *l, const char *shell)
{
	struct policy_start start;

	policy_start(l->q->config, l->d, REQUEST_SUBSYSTEM, "sftp", &start);
	if (start.refusal == NULL && start.program == PROGRAM_SFTP &&
	    !policy_shell_refuses_sftp(l->d, &start, shell))
		standing_add(l->s, STANDING_NOTE, "shell",
		    "%s: no shell and no command; sftp works", shell);
	else
		standing_add(l->s, STANDING_REFUSES, "shell",
		    "%s: a session ends at once; \"chsh\" sets another, "
		    "sftp_without_shell lets files be moved",
		    shell);
}

static void
look_at_shell(struct looking *l)
{
	const char *shell = l->q->passwd->pw_shell;
	int asks = pam_asks(l, "pam_shells");
	struct stat st;

	if (stat(shell, &st) != 0) {
		standing_add(l->s,
		    errno == ENOENT || errno == ENOTDIR ? STANDING_REFUSES :
							  STANDING_UNKNOWN,
		    "shell", "%s: %s", shell, strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
		standing_add(l->s, STANDING_REFUSES, "shell",
		    "%s cannot be executed", shell);
	else if (asks > 0 && !is_listed_shell(shell))
		standing_add(l->s, STANDING_REFUSES, "shell",
		    "%s is not in /etc/shells, which pam_shells of service %s "
		    "asks for",
		    shell, l->service);
	else if (ends_at_once(shell))
		judge_nologin_shell(l, shell);
	else
		standing_add(l->s, STANDING_GOOD, "shell", "%s", shell);
}

/* ---- home, key files, chroot ---- */

static void
look_at_home(struct looking *l)
{
	const struct passwd *pw = l->q->passwd;
	struct stat st;

	if (stat(pw->pw_dir, &st) != 0)
		standing_add(l->s,
		    errno == EACCES ? STANDING_UNKNOWN : STANDING_NOTE, "home",
		    "%s: %s%s", pw->pw_dir, strerror(errno),
		    errno == EACCES ? "" : ": sessions begin in /");
	else if (!S_ISDIR(st.st_mode))
		standing_add(l->s, STANDING_NOTE, "home",
		    "%s is no directory: sessions begin in /", pw->pw_dir);
	else
		standing_add(l->s, STANDING_GOOD, "home", "%s", pw->pw_dir);
}

/* One of the files of keys; true: it can be read, or is just not there. */
static bool
look_at_key_file(struct looking *l, const char *pattern)
{
	const struct passwd *pw = l->q->passwd;
	const struct errand_as as = {.uid = pw->pw_uid,
	    .gid = pw->pw_gid,
	    .groups = l->q->groups.ids,
	    .group_count = l->q->groups.count,
	    .private_group_of =
		l->q->config->private_groups ? pw->pw_name : NULL};
	char why[SAFEFILE_WHY_MAX] = "";
	char *path = path_tokens_expand(pattern, pw);
	int fd = -1, err;

	if (path == NULL)
		return true;
	err = errand_open(&as, path, pw->pw_dir, 1024 * 1024,
	    l->q->config->deadlines.key_command * 1000, &fd, why, sizeof(why));
	if (err != SALLYPORT_OK && err != SALLYPORT_NOT_FOUND)
		standing_add(l->s, STANDING_NOTE, "keys",
		    "no key of %s counts: %s", path, why);
	if (fd >= 0)
		close(fd);
	free(path);
	return err == SALLYPORT_OK || err == SALLYPORT_NOT_FOUND;
}

static bool
is_key_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return strcmp(name, "files") == 0 ||
	    (dot != NULL && strcmp(dot, ".file") == 0 &&
		strncmp(name, "principals.", 11) != 0);
}

/* Modes of the home are no fault by themselves: they make its keys unsafe. */
static void
look_at_key_files(struct looking *l)
{
	const struct probe *p = NULL;
	const struct pairs *options;
	bool any = false, good = false, others = false;

	for (size_t i = 0; i < l->modules.count && p == NULL; i++)
		if (strcmp(l->modules.items[i].name, "publickey") == 0)
			p = &l->modules.items[i];
	if (p == NULL || geteuid() != 0)
		return;
	options = &p->settings->options;
	for (size_t i = 0; i < options->count; i++) {
		const struct pair *o = &options->items[i];

		if (is_key_file(o->key)) {
			good |= look_at_key_file(l, o->value);
			any = true;
		} else if (strstr(o->key, "command") != NULL ||
		    strstr(o->key, "ca_keys") != NULL) {
			others = true;
		}
	}
	if (!any && probe_option(p, "files") != NULL)
		good = look_at_key_file(l, probe_option(p, "files"));
	if (!good && !others &&
	    every_chain_needs(l->d, "publickey", "publickey"))
		standing_add(l->s, STANDING_REFUSES, "keys",
		    "every chain needs a key, and no file of keys counts");
}

static void
look_at_chroot(struct looking *l)
{
	char *path, bad[256] = "";
	int dir = -1, err;

	if (l->d->grants.chroot == NULL)
		return;
	path = path_tokens_expand(l->d->grants.chroot, l->q->passwd);
	err = path == NULL ? E_TOO_LARGE :
			     chroot_path_open(path, &dir, bad, sizeof(bad));
	if (err == 0)
		standing_add(l->s, STANDING_GOOD, "chroot", "%s", path);
	else
		standing_add(l->s,
		    err == E_SYSTEM && errno == EACCES ? STANDING_UNKNOWN :
							 STANDING_REFUSES,
		    "chroot", "%s: \"%s\": %s", path != NULL ? path : "?", bad,
		    err == E_SYSTEM	     ? strerror(errno) :
			err == E_PERMISSIONS ? "it must be root's, and nobody "
					       "else may write to it" :
					       err_text(err));
	if (dir >= 0)
		close(dir);
	free(path);
}

/* ---- the machine ---- */

static void
look_at_nologin(struct looking *l)
{
	static const char *const files[] = {"/etc/nologin", "/var/run/nologin"};
	bool server = l->q->config->records.nologin == OWNER_SERVER;

	if (l->q->passwd->pw_uid == 0 ||
	    (!server && pam_asks(l, "pam_nologin") <= 0))
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (access(files[i], F_OK) == 0)
			standing_add(l->s, STANDING_REFUSES, "machine",
			    "%s is there: root alone may log in", files[i]);
}

void
explain_account(
    struct question *q, const struct decision *d, struct standings *s)
{
	struct looking l = {.q = q, .d = d, .s = s};

	open_modules(&l);
	look_at_shadow(&l);
	look_at_shell(&l);
	look_at_home(&l);
	look_at_key_files(&l);
	look_at_chroot(&l);
	look_at_nologin(&l);
	probes_free(&l.modules);
}
