/*
 * krb5.conf, read as root before the sandbox.  libgssapi makes a libkrb5
 * context for each of its calls, and each would read the files again; so the
 * function that makes them is ours (the dynamic linker finds the program's
 * before the library's) and gives them what has been read.
 */
#include "daemon/ticketholder/ticketholder.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  8
#define VALUES_MAX 4096

/* A relation: the names that lead to it, and one of its values. */
struct relation {
	char *path[DEPTH_MAX + 1]; /* NULL ended */
	char *value;
};

static struct relation *relations;
static size_t n_relations;
static profile_t snapshot;

static bool
same_path(char *const *a, const char *const *b)
{
	while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return *a == NULL && *b == NULL;
}

static long
get_values(void *data, const char *const *names, char ***values)
{
	char **list = calloc(n_relations + 1, sizeof(*list));
	size_t n = 0;

	(void)data;
	for (size_t i = 0; list != NULL && i < n_relations; i++)
		if (same_path(relations[i].path, names))
			list[n++] = relations[i].value;
	if (n == 0) {
		free(list);
		return PROF_NO_RELATION;
	}
	*values = list;
	return 0;
}

static void
free_values(void *data, char **values)
{
	(void)data;
	free(values);
}

static long
copy(void *data, void **out)
{
	*out = data;
	return 0;
}

static void
add(const char *const *path, const char *value)
{
	struct relation *r;

	relations = mem_grow(relations, n_relations + 1, sizeof(*relations));
	r = &relations[n_relations++];
	memset(r, 0, sizeof(*r));
	for (size_t i = 0; path[i] != NULL; i++)
		r->path[i] = mem_strdup(path[i]);
	r->value = mem_strdup(value);
}

/* All that stands below a path, which an iterator does not copy. */
static int
walk(profile_t profile, const char *const *above, size_t depth)
{
	const char *path[DEPTH_MAX + 1] = {NULL}, *below[DEPTH_MAX + 1];
	void *iterator = NULL;
	char *name = NULL, *value = NULL;
	int err = 0;

	for (size_t i = 0; i < depth; i++)
		path[i] = above[i];
	if (profile_iterator_create(
		profile, path, PROFILE_ITER_LIST_SECTION, &iterator) != 0)
		return 0;
	while (err == 0 && profile_iterator(&iterator, &name, &value) == 0 &&
	    name != NULL) {
		memcpy(below, path, sizeof(below));
		if (depth + 1 < DEPTH_MAX && n_relations < VALUES_MAX) {
			below[depth] = name;
			below[depth + 1] = NULL;
			if (value != NULL)
				add(below, value);
			else
				err = walk(profile, below, depth + 1);
		} else {
			err = E_TOO_LARGE;
		}
		profile_release_string(name);
		profile_release_string(value);
		name = value = NULL;
	}
	if (iterator != NULL)
		profile_iterator_free(&iterator);
	return err;
}

int
configuration_read(char *why, size_t size)
{
	static struct profile_vtable table = {.minor_ver = 1,
	    .get_values = get_values,
	    .free_values = free_values,
	    .copy = copy};
	krb5_context context = NULL;
	profile_t profile = NULL;
	krb5_error_code code;
	int err = E_SYSTEM;

	/* No profile: the files. */
	code = krb5_init_context_profile(NULL, 0, &context);
	if (code == 0)
		code = krb5_get_profile(context, &profile);
	if (code != 0)
		snprintf(why, size, "krb5.conf: error %ld", (long)code);
	else if ((err = walk(profile, NULL, 0)) != 0)
		snprintf(why, size, "krb5.conf: %s", err_text(err));
	else if (profile_init_vtable(&table, &table, &snapshot) != 0) {
		snprintf(why, size, "libkrb5 takes no configuration of ours");
		err = E_SYSTEM;
	}
	if (profile != NULL)
		profile_release(profile);
	if (context != NULL)
		krb5_free_context(context);
	return err;
}

__attribute__((visibility("default"))) krb5_error_code
krb5_init_context(krb5_context *context)
{
	return krb5_init_context_profile(snapshot, 0, context);
}
