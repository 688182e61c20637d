/*
 * Where a path leads: realpath, expand-path, home-directory; and what the
 * server says of itself and of ids.  NSS is asked only outside a chroot.
 */
#include "daemon/sftp/names.h"
#include "daemon/sftp/place.h"
#include "daemon/sftp/server.h"

#include "lib/err.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's */

/* The state of a walk: what is resolved, and what is still to walk. */
struct walk {
	char *done; /* [PATH_MAX], no slash at its end except "/" */
	size_t done_len;
	char todo[2 * PATH_MAX];
	int links;
};

static int
append(struct walk *w, const char *name, size_t len)
{
	size_t slash = w->done_len > 1 ? 1 : 0;

	if (w->done_len + slash + len >= PATH_MAX)
		return ENAMETOOLONG;
	if (slash != 0)
		w->done[w->done_len] = '/';
	memcpy(&w->done[w->done_len + slash], name, len);
	w->done_len += slash + len;
	w->done[w->done_len] = '\0';
	return 0;
}

static void
cut_last(struct walk *w)
{
	while (w->done_len > 1 && w->done[w->done_len - 1] != '/')
		w->done_len--;
	if (w->done_len > 1)
		w->done_len--;
	w->done[w->done_len] = '\0';
}

/* The link that done ends in gives way to what it points to. */
static int
follow(struct walk *w, const char *rest)
{
	char target[PATH_MAX];
	ssize_t n = readlink(w->done, target, sizeof(target) - 1);
	size_t rest_len = strlen(rest) + 1;

	if (n < 0)
		return errno;
	if (++w->links > LINKS_MAX)
		return ELOOP;
	if ((size_t)n + 1 + rest_len > sizeof(w->todo))
		return ENAMETOOLONG;
	memmove(&w->todo[n + 1], rest, rest_len);
	memcpy(w->todo, target, (size_t)n);
	w->todo[n] = '/';
	cut_last(w);
	if (target[0] == '/') {
		w->done_len = 1;
		w->done[1] = '\0';
	}
	return 0;
}

/*
 * One component; *at moves on.  A missing last component is no error: clients
 * ask for the full name of what they are about to make.
 */
static int
step(struct walk *w, const char **at)
{
	const char *name = *at;
	size_t len = strcspn(name, "/");
	int error;

	*at = &name[len] + strspn(&name[len], "/");
	if (len == 0 || (len == 1 && name[0] == '.'))
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		cut_last(w);
		return 0;
	}
	if ((error = append(w, name, len)) != 0)
		return error;
	if ((error = follow(w, *at)) == 0)
		*at = w->todo;
	else if (error == EINVAL) /* not a link */
		error = 0;
	else if (error == ENOENT && (*at)[0] == '\0')
		error = 0;
	return error;
}

int
place_real(const char *path, const char *directory, char *real)
{
	struct walk w = {.done = real};
	const char *at = w.todo;
	size_t len = strlen(path);
	int error = 0;

	if (len >= PATH_MAX)
		return ENAMETOOLONG;
	memcpy(w.todo, path, len + 1);
	strcpy(real, "/");
	if (path[0] != '/')
		strcpy(real, directory);
	w.done_len = strlen(real);
	at += strspn(at, "/");
	while (*at != '\0' && error == 0)
		error = step(&w, &at);
	return error;
}

/* Home of a named user, "" for ours; NULL if it is not to be known. */
static const char *
home_of(const struct sftp_server *s, const char *name, size_t len)
{
	const struct sftp_options *o = s->options;
	char copy[256];
	const struct passwd *pw;

	if (len == 0 ||
	    (o->user != NULL && strlen(o->user) == len &&
		memcmp(o->user, name, len) == 0)) {
		if (o->home != NULL || o->no_names)
			return o->home;
		pw = getpwuid(getuid());
		return pw == NULL ? NULL : pw->pw_dir;
	}
	if (o->no_names || len >= sizeof(copy))
		return NULL;
	memcpy(copy, name, len);
	copy[len] = '\0';
	pw = getpwnam(copy);
	return pw == NULL ? NULL : pw->pw_dir;
}

static void
reply_real(struct sftp_server *s, struct sftp_request *q, const char *path)
{
	int error = place_real(path, s->directory, s->new_path);

	if (error != 0)
		reply_error(s, q, error);
	else
		reply_name(s, q, s->new_path);
}

void
on_realpath(struct sftp_server *s, struct sftp_request *q)
{
	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_LOOKUP, s->path);
	reply_real(s, q, s->path);
}

/* "~", "~/x", "~user", "~user/x"; anything else is realpath. */
void
on_expand_path(struct sftp_server *s, struct sftp_request *q)
{
	char whole[PATH_MAX];
	size_t len, home_len;
	const char *home;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_LOOKUP, s->path);
	if (s->path[0] != '~') {
		reply_real(s, q, s->path);
		return;
	}
	len = strcspn(&s->path[1], "/");
	home = home_of(s, &s->path[1], len);
	if (home == NULL) {
		reply_status(s, q, SSH_FX_NO_SUCH_FILE, "No such user");
		return;
	}
	home_len = strlen(home);
	if (home_len + strlen(&s->path[1 + len]) >= sizeof(whole)) {
		reply_error(s, q, ENAMETOOLONG);
		return;
	}
	memcpy(whole, home, home_len);
	strcpy(&whole[home_len], &s->path[1 + len]);
	reply_real(s, q, whole);
}

void
on_home_directory(struct sftp_server *s, struct sftp_request *q)
{
	const char *home;

	if (!request_path(s, q, s->path)) /* username */
		return;
	event_begin(q, SFTP_EVENT_LOOKUP, s->path);
	home = home_of(s, s->path, strlen(s->path));
	if (home == NULL)
		reply_status(s, q, SSH_FX_NO_SUCH_FILE, "No such user");
	else
		reply_name(s, q, home);
}

void
on_limits(struct sftp_server *s, struct sftp_request *q)
{
	size_t packet = buf_string_open(&s->out);

	buf_u8(&s->out, SSH_FXP_EXTENDED_REPLY);
	buf_u32(&s->out, q->id);
	buf_u64(&s->out, SFTP_PACKET_MAX);
	buf_u64(&s->out, SFTP_DATA_MAX); /* of a READ */
	buf_u64(&s->out, SFTP_DATA_MAX); /* of a WRITE */
	buf_u64(&s->out, s->handles.max);
	buf_string_close(&s->out, packet);
}

/* A string of names, "" for each id without one. */
static void
add_names(struct sftp_server *s, struct rd *ids, bool users)
{
	const struct sftp_options *o = s->options;
	size_t names = buf_string_open(&s->out);
	const char *name;
	uint32_t id;

	while (rd_left(ids) != 0) {
		id = rd_u32(ids);
		if (!o->no_names)
			name = users ? names_user(id) : names_group(id);
		else
			name = users && id == getuid() && o->user != NULL ?
			    o->user :
			    "";
		buf_text(&s->out, name);
	}
	buf_string_close(&s->out, names);
}

void
on_users_groups_by_id(struct sftp_server *s, struct sftp_request *q)
{
	struct rd users, groups;
	size_t packet;

	rd_sub(&q->body, SFTP_PACKET_MAX, &users);
	rd_sub(&q->body, SFTP_PACKET_MAX, &groups);
	if (rd_left(&users) % 4 != 0 || rd_left(&groups) % 4 != 0)
		rd_fail(&q->body, E_FORMAT);
	if (!request_sound(s, q))
		return;
	/* The longest answer must fit into one packet. */
	if ((rd_left(&users) + rd_left(&groups)) / 4 >
	    (SFTP_DATA_MAX - 16) / (4 + 256)) {
		reply_status(s, q, SSH_FX_FAILURE, "Too many ids");
		return;
	}
	packet = buf_string_open(&s->out);
	buf_u8(&s->out, SSH_FXP_EXTENDED_REPLY);
	buf_u32(&s->out, q->id);
	add_names(s, &users, true);
	add_names(s, &groups, false);
	buf_string_close(&s->out, packet);
}
