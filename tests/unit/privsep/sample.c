/*
 * The table of privsep/messages.h as data, for tests of whatever reads it.
 */
#include "tests/unit/privsep/sample.h"

#include "lib/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_u8(l)	(l)
#define LIMIT_u16(l)	(l)
#define LIMIT_u32(l)	(l)
#define LIMIT_u64(l)	(l)
#define LIMIT_flag(l)	(l)
#define LIMIT_choice(l) ((l)-1)
#define LIMIT_text(l)	(l)
#define LIMIT_bytes(l)	(l)
#define FIELD(type, n, l)             \
	{.name = #n,                  \
	    .kind = KIND_##type,      \
	    .limit = LIMIT_##type(l), \
	    .offset = offsetof(here, n)},
#define TABLE(name_, s, b, f, a)                               \
	static const struct sample_field *fields_##name_(void) \
	{                                                      \
		typedef struct msg_##name_ here;               \
		static const struct sample_field list[] = {    \
		    WALL_##name_(FIELD){.name = NULL}};        \
		(void)sizeof(here);                            \
		return list;                                   \
	}
WALL_MESSAGES(TABLE)

const struct sample_field *
sample_fields(enum wall_type type)
{
	switch (type) {
#define CASE(name_, s, b, f, a) \
	case MSG_##name_:       \
		return fields_##name_();
		WALL_MESSAGES(CASE)
#undef CASE
	default:
		abort();
	}
}

/* All members of the union begin where the first does. */
static void *
at(const struct wall_message *m, const struct sample_field *f)
{
	return (uint8_t *)(uintptr_t)&m->log + f->offset;
}

void
sample_empty(struct wall_message *m, enum wall_type type)
{
	const struct sample_field *f;

	memset(m, 0, sizeof(*m));
	m->type = type;
	for (size_t i = 0; i < WALL_FDS_MAX; i++)
		m->fds[i] = -1;
	for (f = sample_fields(type); f->name != NULL; f++)
		sample_set(m, f, 0);
}

/* Letters; the pool is one long text of them, ended by a NUL. */
#define POOL (512 * 1024)
static const char *
letters(uint64_t len)
{
	static char *pool;

	if (pool == NULL) {
		pool = mem_alloc(POOL + 1);
		for (size_t i = 0; i < POOL; i++)
			pool[i] = (char)('a' + i % 23);
		pool[POOL] = '\0';
	}
	return &pool[POOL - len];
}

void
sample_set(struct wall_message *m, const struct sample_field *f, uint64_t value)
{
	void *to = at(m, f);

	switch (f->kind) {
	case KIND_u8:
	case KIND_choice:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case KIND_u16:
		*(uint16_t *)to = (uint16_t)value;
		break;
	case KIND_u32:
		*(uint32_t *)to = (uint32_t)value;
		break;
	case KIND_u64:
		*(uint64_t *)to = value;
		break;
	case KIND_flag:
		*(bool *)to = value != 0;
		break;
	case KIND_text:
		*(const char **)to = letters(value);
		break;
	case KIND_bytes:
		((struct bytes *)to)->data = (const uint8_t *)letters(value);
		((struct bytes *)to)->len = value;
		break;
	}
}

uint64_t
sample_over(const struct sample_field *f)
{
	static const uint64_t widest[] = {[KIND_u8] = UINT8_MAX,
	    [KIND_u16] = UINT16_MAX,
	    [KIND_u32] = UINT32_MAX,
	    [KIND_u64] = UINT64_MAX,
	    [KIND_flag] = 1,
	    [KIND_choice] = UINT8_MAX,
	    [KIND_text] = POOL,
	    [KIND_bytes] = POOL};

	return f->limit < widest[f->kind] ? f->limit + 1 : 0;
}

static uint64_t
number(const struct wall_message *m, const struct sample_field *f)
{
	const void *from = at(m, f);

	switch (f->kind) {
	case KIND_u8:
	case KIND_choice:
		return *(const uint8_t *)from;
	case KIND_u16:
		return *(const uint16_t *)from;
	case KIND_u32:
		return *(const uint32_t *)from;
	case KIND_u64:
		return *(const uint64_t *)from;
	case KIND_flag:
		return *(const bool *)from;
	default:
		abort();
	}
}

int
sample_same(const struct wall_message *a, const struct wall_message *b,
    const struct sample_field *f)
{
	const struct bytes *x = at(a, f), *y = at(b, f);

	if (f->kind == KIND_text)
		return strcmp(*(const char **)at(a, f),
			   *(const char **)at(b, f)) == 0;
	if (f->kind == KIND_bytes)
		return x->len == y->len &&
		    (x->len == 0 || memcmp(x->data, y->data, x->len) == 0);
	return number(a, f) == number(b, f);
}

void
sample_encode(const struct wall_message *m, struct buf *b)
{
	const struct sample_field *f;
	const struct bytes *bytes;
	const char *text;

	buf_u16(b, (uint16_t)m->type);
	for (f = sample_fields(m->type); f->name != NULL; f++) {
		switch (f->kind) {
		case KIND_u8:
		case KIND_flag:
		case KIND_choice:
			buf_u8(b, (uint8_t)number(m, f));
			break;
		case KIND_u16:
			buf_u16(b, (uint16_t)number(m, f));
			break;
		case KIND_u32:
			buf_u32(b, (uint32_t)number(m, f));
			break;
		case KIND_u64:
			buf_u64(b, number(m, f));
			break;
		case KIND_text:
			text = *(const char **)at(m, f);
			if (text == NULL) /* a seed does not name it */
				text = "";
			buf_string(b, text, strlen(text) + 1);
			break;
		case KIND_bytes:
			bytes = at(m, f);
			buf_string(b, bytes->data, bytes->len);
			break;
		}
	}
}
