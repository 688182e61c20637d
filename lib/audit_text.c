/*
 * Audit records as sentences: the catalogue's templates filled in, so that
 * people and existing log watchers can read them.  The name and the method that
 * a client chose stand as one word: they cannot imitate the rest of a sentence.
 */
#include "lib/audit_table.h"

#include "lib/escape.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct sentence {
	struct audit_out *out;
	const struct audit_event_row *row;
	const void *fields;
	uint32_t used; /* bit per slot that the sentence has mentioned */
	uint32_t mentioned; /* as known from a pass before; for {on} */
	bool plain;
	bool on_written;
};

static bool render(struct sentence *s, const char **p);

/* "ssh-ed25519" as sshd's sentences call it: "ED25519". */
static const char *
short_key_type(const char *type)
{
	static const struct {
		const char *wire, *name;
	} types[] = {
	    {"ssh-ed25519", "ED25519"},
	    {"ssh-ed25519-cert-v01@openssh.com", "ED25519-CERT"},
	    {"sk-ssh-ed25519@openssh.com", "ED25519-SK"},
	    {"sk-ssh-ed25519-cert-v01@openssh.com", "ED25519-SK-CERT"},
	    {"ssh-rsa", "RSA"},
	    {"rsa-sha2-256", "RSA"},
	    {"rsa-sha2-512", "RSA"},
	    {"ssh-rsa-cert-v01@openssh.com", "RSA-CERT"},
	    {"rsa-sha2-256-cert-v01@openssh.com", "RSA-CERT"},
	    {"rsa-sha2-512-cert-v01@openssh.com", "RSA-CERT"},
	    {"ecdsa-sha2-nistp256", "ECDSA"},
	    {"ecdsa-sha2-nistp384", "ECDSA"},
	    {"ecdsa-sha2-nistp521", "ECDSA"},
	    {"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-CERT"},
	    {"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ECDSA-CERT"},
	    {"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ECDSA-CERT"},
	    {"sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK"},
	    {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-SK-CERT"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i].wire) == 0)
			return types[i].name;
	return type;
}

static struct audit_value
text_value(const char *text, bool present)
{
	return (struct audit_value){
	    .kind = AUDIT_KIND_text, .present = present, .text = text};
}

static struct audit_value
number_value(uint64_t number, bool present)
{
	return (struct audit_value){
	    .kind = AUDIT_KIND_number, .present = present, .number = number};
}

static struct audit_value
address_value(const struct net_address *a)
{
	return (struct audit_value){
	    .kind = AUDIT_KIND_address, .present = true, .address = a};
}

static struct audit_value
port_value(const struct net_address *a)
{
	/* As sshd says it of a pipe. */
	return number_value(a->family == NET_NONE ? 65535 : a->port, true);
}

static struct audit_value
name_value(const char *first, const char *second)
{
	const char *name = first[0] != '\0' ? first : second;
	struct audit_value v =
	    text_value(name, audit_context()->user_state != AUDIT_USER_NONE);

	v.one_word = true;
	return v;
}

/* A word of the envelope; false if there is none of that name. */
static bool
envelope_value(const char *name, struct audit_value *v)
{
	const struct audit_context *c = audit_context();

	if (strcmp(name, "src") == 0)
		*v = address_value(&c->source);
	else if (strcmp(name, "dst") == 0)
		*v = address_value(&c->local);
	else if (strcmp(name, "proxy") == 0)
		*v = address_value(&c->proxy);
	else if (strcmp(name, "sport") == 0)
		*v = port_value(&c->source);
	else if (strcmp(name, "dport") == 0)
		*v = port_value(&c->local);
	else if (strcmp(name, "user") == 0)
		*v = name_value(c->user, c->requested);
	else if (strcmp(name, "req") == 0)
		*v = name_value(c->requested, c->user);
	else if (strcmp(name, "uid") == 0)
		*v = number_value(c->uid, c->user_state == AUDIT_USER_KNOWN);
	else if (strcmp(name, "rule") == 0)
		*v = text_value(c->rule, c->rule[0] != '\0');
	else if (strcmp(name, "conn") == 0)
		*v = text_value(c->conn, c->conn[0] != '\0');
	else if (strcmp(name, "gen") == 0)
		*v = number_value(c->generation, true);
	else if (strcmp(name, "pid") == 0)
		*v = number_value((uint64_t)getpid(), true);
	else if (strcmp(name, "invalid") == 0)
		*v = number_value(
		    1, c->user_state == AUDIT_USER_INVALID || c->denied);
	else
		return false;
	return true;
}

static bool
find_value(struct sentence *s, const char *name, struct audit_value *v)
{
	const struct audit_slot *slot = s->row->slots;

	for (unsigned i = 0; slot[i].field != NULL; i++)
		if (strcmp(slot[i].field->name, name) == 0) {
			*v = audit_value_of(&slot[i], s->fields);
			/* A client names the method that it asks for. */
			v->one_word = strcmp(name, "method") == 0;
			s->used |= 1U << i;
			return true;
		}
	return envelope_value(name, v);
}

/* Escape also what would end or imitate the place the value stands in. */
static void
write_escaping(struct audit_out *o, const char *text, const char *special)
{
	for (; *text != '\0'; text++)
		if (strchr(special, *text) != NULL)
			audit_out_printf(o, "\\x%02x", (unsigned char)*text);
		else
			audit_out_bytes(o, text, 1);
}

static void
write_value(struct audit_out *o, const struct audit_value *v)
{
	bool quoted = o->len > 0 && o->data[o->len - 1] == '"';
	struct audit_value shown = *v;
	char text[AUDIT_VALUE_MAX + 1];

	if (v->kind == AUDIT_KIND_keytype)
		shown.text = short_key_type(v->text);
	audit_value_text(
	    text, &shown, ESCAPE_BACKSLASH | (v->one_word ? ESCAPE_SPACE : 0));
	write_escaping(o, text, quoted ? "\"" : "");
}

static void
write_for(struct audit_out *o, const char *before, const char *after)
{
	struct audit_value v;

	envelope_value("req", &v);
	if (!v.present)
		v = text_value("unknown", true);
	audit_out_text(o, before);
	write_value(o, &v);
	audit_out_text(o, after);
}

static void
write_who(struct audit_out *o)
{
	static const char *const before[] = {
	    [AUDIT_USER_INVALID] = "invalid user ",
	    [AUDIT_USER_AUTHENTICATING] = "authenticating user ",
	    [AUDIT_USER_KNOWN] = "user ",
	};
	enum audit_user state = audit_context()->user_state;

	if (state == AUDIT_USER_AUTHENTICATING && audit_context()->denied)
		state = AUDIT_USER_INVALID;
	if (state != AUDIT_USER_NONE)
		write_for(o, before[state], " ");
}

static void
write_one(struct sentence *s, const char *before, const char *name,
    const struct audit_value *v, bool *any)
{
	size_t mark = audit_out_mark(s->out);
	char text[AUDIT_VALUE_MAX + 1];

	if (!v->present)
		return;
	audit_out_printf(s->out, "%s%s=", before, name);
	audit_value_text(text, v, ESCAPE_BACKSLASH | ESCAPE_SPACE);
	write_escaping(s->out, text, ",]\"");
	*any = *any || !s->out->full;
	audit_out_settle(s->out, mark);
}

/* The fields that the sentence does not mention, each a name=value. */
static void
write_rest(struct sentence *s, const char *open, char between,
    const char *close, uint32_t used)
{
	const char *conn = audit_context()->conn;
	const struct audit_slot *slot = s->row->slots;
	char name[64], one[2] = {between, '\0'};
	struct audit_value v = address_value(&audit_context()->proxy);
	bool any = false;

	v.present = v.address->family != NET_NONE;
	if (s->plain)
		return;
	if (conn[0] != '\0') {
		audit_out_printf(s->out, "%sconn=%s", open, conn);
		any = true;
	}
	write_one(s, any ? one : open, "proxy", &v, &any);
	for (unsigned i = 0; slot[i].field != NULL; i++) {
		v = audit_value_of(&slot[i], s->fields);
		if (!v.present || (used & 1U << i))
			continue;
		if (v.kind != AUDIT_KIND_pairs) {
			write_one(
			    s, any ? one : open, slot[i].field->sd, &v, &any);
			continue;
		}
		for (size_t k = 0; k < v.pairs->count; k++) {
			struct audit_value pair = audit_value_pair(&v, k);

			snprintf(name, sizeof(name), "%s_%s", slot[i].field->sd,
			    v.pairs->names[k]);
			write_one(s, any ? one : open, name, &pair, &any);
		}
	}
	if (any)
		audit_out_text(s->out, close);
}

/* {for}, {who}, {on}, {preauth}, {guest}: not a plain value, else false. */
static bool
write_phrase(struct sentence *s, const char *name)
{
	const struct audit_context *c = audit_context();

	if (strcmp(name, "for") == 0)
		write_for(s->out,
		    c->user_state == AUDIT_USER_INVALID || c->denied ?
			"invalid user " :
			"",
		    "");
	else if (strcmp(name, "who") == 0)
		write_who(s->out);
	else if (strcmp(name, "guest") == 0) {
		if (c->user_state != AUDIT_USER_KNOWN)
			write_who(s->out);
	} else if (strcmp(name, "on") == 0) {
		s->on_written = true;
		write_rest(s, " on ", ',', "", s->mentioned);
	} else if (strcmp(name, "preauth") == 0)
		audit_out_text(s->out,
		    c->user_state == AUDIT_USER_KNOWN || !c->identified ?
			"" :
			" [preauth]");
	else
		return false;
	return true;
}

/* Writes the value of a token, the text between { and }.  False if its group
 * must be left out. */
static bool
write_token(struct sentence *s, char *name)
{
	char *wanted = NULL;
	struct audit_value v;
	char kind = name[0];

	if (kind == '?' || kind == '!' || kind == '=' || kind == '+')
		name++;
	if (kind == '=' && (wanted = strchr(name, ':')) != NULL)
		*wanted++ = '\0';
	if (!find_value(s, name, &v)) {
		if (!write_phrase(s, name))
			audit_out_printf(s->out, "{%s}", name);
		return true;
	}
	if (kind == '+')
		v.present = true;
	if (kind == '!')
		return !v.present;
	if (kind == '=')
		return v.present && v.text != NULL &&
		    strcmp(v.text, wanted) == 0;
	if (kind == '?' || !v.present) {
		if (!v.present && kind != '?')
			audit_out_text(s->out, "unknown");
		return v.present;
	}
	write_value(s->out, &v);
	return true;
}

/* A group <...>: as if it had never been there, if a field is absent. */
static void
render_group(struct sentence *s, const char **p)
{
	size_t mark = audit_out_mark(s->out);
	struct sentence before = *s;

	if (render(s, p))
		return;
	*s = before;
	s->out->len = mark;
	s->out->data[mark] = '\0';
}

/* Up to the end of the text or of the group; false: a field was absent. */
static bool
render(struct sentence *s, const char **p)
{
	bool complete = true;
	char name[32];
	size_t n;

	for (; **p != '\0' && **p != '>'; (*p)++) {
		if (**p == '<') {
			(*p)++;
			render_group(s, p);
		} else if (**p == '{') {
			n = strcspn(++*p, "}");
			snprintf(name, sizeof(name), "%.*s", (int)n, *p);
			complete = write_token(s, name) && complete;
			*p += n;
		} else
			audit_out_bytes(s->out, *p, 1);
	}
	return complete;
}

void
audit_write_sentence(struct audit_out *o, const struct audit_event_row *row,
    const void *fields, bool plain)
{
	char scratch[AUDIT_RECORD_MAX];
	const char *p = row->sentence;
	struct audit_out first;
	struct sentence s = {
	    .out = &first, .row = row, .fields = fields, .plain = true};

	/* Once for the fields it mentions, then with the others. */
	audit_out_init(&first, scratch, sizeof(scratch));
	render(&s, &p);
	s.out = o;
	s.mentioned = s.used;
	s.plain = plain;
	s.on_written = false;
	p = row->sentence;
	render(&s, &p);
	if (!s.on_written)
		write_rest(&s, " [", ' ', "]", s.mentioned);
}

void
audit_write_text(struct audit_out *o, const struct audit_event_row *row,
    const void *fields, bool plain)
{
	if (row->severity == AUDIT_ERROR)
		audit_out_text(o, "error: ");
	/* No watcher takes it for a login, or for a failed one. */
	if (audit_context()->selftest)
		audit_out_text(o, "self-test: ");
	audit_write_sentence(o, row, fields, plain);
}
