/*
 * Owners and modes of the files that a benchmark names.  They are looked at,
 * and not opened.
 */
#include "config/compliance/look.h"

#include "config/crypto_policy.h"
#include "lib/mem.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum aspect { ASPECT_OWNER = 1, ASPECT_GROUP = 2, ASPECT_MODE = 4 };
#define ASPECT_ALL (ASPECT_OWNER | ASPECT_GROUP | ASPECT_MODE)

/* The owner, group and mode that are demanded of a file. */
struct limits {
	unsigned aspects;
	mode_t mode; /* bits that it may have */
	const char *group; /* besides root's: it may have read as well */
};

static void
put_name(char *text, size_t size, const char *kind, unsigned id)
{
	if (id == 0)
		snprintf(text, size, "root");
	else
		snprintf(text, size, "%s %u", kind, id);
}

static bool
is_group(gid_t gid, const char *name)
{
	const struct group *gr = name != NULL ? getgrgid(gid) : NULL;

	return gr != NULL && strcmp(gr->gr_name, name) == 0;
}

static bool
is_within(const struct stat *st, const struct limits *limits)
{
	bool other = st->st_gid != 0 && is_group(st->st_gid, limits->group);
	mode_t mode = limits->mode | (other ? S_IRGRP : 0);

	return ((limits->aspects & ASPECT_OWNER) == 0 || st->st_uid == 0) &&
	    ((limits->aspects & ASPECT_GROUP) == 0 || st->st_gid == 0 ||
		other) &&
	    ((limits->aspects & ASPECT_MODE) == 0 ||
		(st->st_mode & 07777 & ~mode) == 0);
}

/* optional: that it is not there is no fault. */
static void
look_at(const struct looking *l, const char *path, const struct limits *limits,
    bool optional)
{
	char value[96], owner[24], group[24];
	struct finding f = {.what = path, .value = value};
	struct stat st;

	if (stat(path, &st) != 0) {
		f.holds = optional && errno == ENOENT;
		snprintf(value, sizeof(value), "%s", strerror(errno));
	} else {
		put_name(owner, sizeof(owner), "uid", st.st_uid);
		put_name(group, sizeof(group), "gid", st.st_gid);
		snprintf(value, sizeof(value), "%s:%s %04o", owner, group,
		    (unsigned)st.st_mode & 07777);
		f.holds = is_within(&st, limits);
	}
	item_add(l->report, l->item, &f);
}

/* ---- the configuration ---- */

/* The system's policy on algorithms goes along, and is anybody's to read. */
static bool
is_ours(const struct bundle_file *file)
{
	return strcmp(file->path, CRYPTO_POLICY_FILE) != 0;
}

static void
look_at_config(const struct looking *l, unsigned aspects)
{
	const struct limits file = {aspects, 0600, NULL};
	/* Their names are no secret: nobody else may write. */
	const struct limits directory = {aspects, 0755, NULL};
	const char *last = ""; /* the main file */
	char *main, *drop_ins;

	for (size_t i = 0; i < l->bundle->count; i++)
		if (is_ours(&l->bundle->files[i])) {
			last = l->bundle->files[i].path;
			look_at(l, last, &file, false);
		}
	main = mem_strdup(last);
	drop_ins = mem_printf("%s/policy.d", dirname(main));
	look_at(l, main, &directory, false);
	look_at(l, drop_ins, &directory, true);
	free(main);
	free(drop_ins);
}

void
look_config_files(const struct looking *l)
{
	look_at_config(l, ASPECT_ALL);
}

void
look_config_owner(const struct looking *l)
{
	look_at_config(l, ASPECT_OWNER);
}

void
look_config_group(const struct looking *l)
{
	look_at_config(l, ASPECT_GROUP);
}

void
look_config_modes(const struct looking *l)
{
	look_at_config(l, ASPECT_MODE);
}

/* Without the file, the question about crypto.profile has no meaning. */
void
look_policy_file(const struct looking *l)
{
	if (access(CRYPTO_POLICY_FILE, F_OK) == 0 || errno != ENOENT)
		return;
	l->item->status = ITEM_NOT_APPLICABLE;
	l->item->finding_count = l->item->more = 0;
	l->item->reason = "this machine has no system-wide policy on "
			  "algorithms: there is no " CRYPTO_POLICY_FILE;
}

/* ---- keys ---- */

void
look_private_keys(const struct looking *l)
{
	static const struct limits limits = {ASPECT_ALL, 0600, "ssh_keys"};
	const struct strings *files = &l->config->host_key_files;

	for (size_t i = 0; i < files->count; i++)
		look_at(l, files->items[i], &limits, false);
	if (files->count == 0)
		item_add(l->report, l->item,
		    &(const struct finding){
			.what = "host_keys", .value = "none"});
}

/* The server reads no .pub, so one that is not there is no fault. */
void
look_public_keys(const struct looking *l)
{
	static const struct limits limits = {ASPECT_ALL, 0644, NULL};
	const struct strings *files = &l->config->host_key_files;
	const struct strings *certificates = &l->config->host_certificates;

	for (size_t i = 0; i < files->count; i++) {
		char *path = mem_printf("%s.pub", files->items[i]);

		look_at(l, path, &limits, true);
		free(path);
	}
	for (size_t i = 0; i < certificates->count; i++)
		look_at(l, certificates->items[i], &limits, false);
}

/* ---- the service ---- */

void
look_program(const struct looking *l)
{
	static const char path[] = SBINDIR "/sallyportd";
	struct finding f = {.what = path, .holds = access(path, X_OK) == 0};

	f.value = f.holds ? "installed" : strerror(errno);
	item_add(l->report, l->item, &f);
}

/* A unit that systemctl mask has put out of reach is started by nothing. */
static bool
is_masked(const char *unit)
{
	char *path = mem_printf("/etc/systemd/system/%s", unit);
	char target[sizeof("/dev/null")] = "";
	ssize_t len = readlink(path, target, sizeof(target));

	free(path);
	return len == (ssize_t)strlen("/dev/null") &&
	    memcmp(target, "/dev/null", (size_t)len) == 0;
}

/* The links that systemctl enable, update-rc.d and their like make. */
void
look_enabled(const struct looking *l)
{
	static const char *const links[] = {
	    "/etc/systemd/system/multi-user.target.wants/sallyport.service",
	    "/etc/systemd/system/sockets.target.wants/sallyport.socket",
	    "/etc/rc3.d/S01sallyport", "/etc/runlevels/default/sallyport"};
	struct finding f = {.what = "sallyport.service",
	    .value = "not started with the machine"};
	struct stat st;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && !f.holds;
	     i++)
		if (lstat(links[i], &st) == 0) {
			f.what = links[i];
			f.value = "is there";
			f.holds = true;
		}
	if (f.holds && is_masked("sallyport.service")) {
		f.value = "is there, but sallyport.service is masked";
		f.holds = false;
	}
	item_add(l->report, l->item, &f);
}
