/*
 * Encoders and decoders of every message of the wall, one loop a rule.
 */
#include "tests/unit/privsep/sample.h"
#include "tests/unit/privsep/suites.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

#define ROOM (1024 * 1024)
/* Cuts are tried at every length up to here, then at every 997th. */
#define CUTS 2048

static int
encode(const struct wall_message *m, struct buf *b)
{
	buf_init(b, ROOM);
	return wall_encode(m, b);
}

/* Decodes from memory of exactly that size, so that a sanitizer watches. */
static int
decode(const uint8_t *data, size_t len, struct wall_message *m)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	int err;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, len);
	memset(m, 0, sizeof(*m));
	err = wall_decode(copy, len, m);
	free(copy);
	return err;
}

static void
check_round_trip(const struct wall_message *m)
{
	const struct sample_field *f;
	struct wall_message back;
	struct buf b, plain;

	ck_assert_int_eq(encode(m, &b), 0);
	memset(&back, 0, sizeof(back));
	ck_assert_int_eq(wall_decode(b.data, b.len, &back), 0);
	ck_assert_int_eq(back.type, m->type);
	for (f = sample_fields(m->type); f->name != NULL; f++)
		ck_assert_msg(sample_same(m, &back, f), "%s.%s",
		    wall_name(m->type), f->name);
	/* The tests' own encoder agrees on every byte. */
	buf_init(&plain, ROOM);
	sample_encode(m, &plain);
	ck_assert_uint_eq(plain.len, b.len);
	ck_assert_int_eq(memcmp(plain.data, b.data, b.len), 0);
	buf_free(&plain);
	buf_free(&b);
}

START_TEST(every_message_returns_as_it_was_sent)
{
	enum wall_type type = (enum wall_type)_i;
	const struct sample_field *f;
	struct wall_message m;

	sample_empty(&m, type);
	check_round_trip(&m);
	for (f = sample_fields(type); f->name != NULL; f++) {
		sample_empty(&m, type);
		sample_set(&m, f, f->limit);
		check_round_trip(&m);
	}
	sample_empty(&m, type);
	for (f = sample_fields(type); f->name != NULL; f++)
		sample_set(&m, f, f->limit > 300 ? 300 : f->limit);
	check_round_trip(&m);
}
END_TEST

START_TEST(one_over_a_limit_is_neither_sent_nor_taken)
{
	enum wall_type type = (enum wall_type)_i;
	const struct sample_field *f;
	struct wall_message m, back;
	struct buf b;
	int err;

	for (f = sample_fields(type); f->name != NULL; f++) {
		uint64_t over = sample_over(f);

		if (over == 0 || f->kind == KIND_flag)
			continue;
		sample_empty(&m, type);
		sample_set(&m, f, over);
		err = f->kind >= KIND_text ? E_TOO_LARGE : E_VALUE;
		ck_assert_msg(
		    encode(&m, &b) == err, "%s.%s", wall_name(type), f->name);
		buf_free(&b);
		buf_init(&b, ROOM);
		sample_encode(&m, &b);
		ck_assert_int_eq(decode(b.data, b.len, &back), err);
		buf_free(&b);
	}
}
END_TEST

START_TEST(a_flag_is_zero_or_one)
{
	enum wall_type type = (enum wall_type)_i;
	const struct sample_field *f, *g;
	struct wall_message m, back;
	struct buf b;

	for (f = sample_fields(type); f->name != NULL; f++) {
		size_t before = 2;

		if (f->kind != KIND_flag)
			continue;
		sample_empty(&m, type);
		ck_assert_int_eq(encode(&m, &b), 0);
		for (g = sample_fields(type); g != f; g++)
			before += g->kind == KIND_text			 ? 5 :
			    g->kind == KIND_bytes || g->kind == KIND_u32 ? 4 :
			    g->kind == KIND_u64				 ? 8 :
			    g->kind == KIND_u16				 ? 2 :
									   1;
		b.data[before] = 2;
		ck_assert_int_eq(decode(b.data, b.len, &back), E_VALUE);
		buf_free(&b);
	}
}
END_TEST

START_TEST(every_cut_is_noticed)
{
	enum wall_type type = (enum wall_type)_i;
	const struct sample_field *f;
	struct wall_message m, back;
	struct buf b;

	sample_empty(&m, type);
	for (f = sample_fields(type); f->name != NULL; f++)
		sample_set(&m, f, f->limit > 40 ? 40 : f->limit);
	ck_assert_int_eq(encode(&m, &b), 0);
	for (size_t n = 0; n < b.len; n += n < CUTS ? 1 : 997) {
		/* A length that is over its limit without its bytes too. */
		int err = decode(b.data, n, &back);

		ck_assert_msg(err == E_TRUNCATED, "%s at %zu: %s",
		    wall_name(type), n, err_text(err));
	}
	buf_free(&b);
}
END_TEST

START_TEST(a_byte_too_many_is_noticed)
{
	struct wall_message m, back;
	struct buf b;

	sample_empty(&m, (enum wall_type)_i);
	ck_assert_int_eq(encode(&m, &b), 0);
	buf_u8(&b, 0);
	ck_assert_int_eq(decode(b.data, b.len, &back), E_TRAILING);
	buf_free(&b);
}
END_TEST

START_TEST(a_text_ends_where_it_says)
{
	enum wall_type type = (enum wall_type)_i;
	const struct sample_field *f = sample_fields(type);
	struct wall_message m, back;
	struct buf b;
	size_t at = 2;

	/* Only a first field's place is known without an encoder. */
	if (f->name == NULL)
		return;
	if (f->kind == KIND_u8 && f[1].name != NULL && f[1].kind == KIND_text)
		at++, f++;
	else if (f->kind == KIND_u32 && f[1].name != NULL &&
	    f[1].kind == KIND_text)
		at += 4, f++;
	if (f->kind != KIND_text || f->limit < 3)
		return;
	sample_empty(&m, type);
	sample_set(&m, f, 3);
	ck_assert_int_eq(encode(&m, &b), 0);
	b.data[at + 4 + 3] = 'x'; /* no NUL at its end */
	ck_assert_int_eq(decode(b.data, b.len, &back), E_FORMAT);
	b.data[at + 4 + 3] = '\0';
	b.data[at + 4 + 1] = '\0'; /* and one inside */
	ck_assert_int_eq(decode(b.data, b.len, &back), E_FORMAT);
	buf_free(&b);
}
END_TEST

START_TEST(what_is_no_type_is_malformed)
{
	static const uint16_t types[] = {
	    0, WALL_TYPES, WALL_TYPES + 1, 0x7fff, 0x8001, 0xffff};
	struct wall_message back;
	uint8_t data[64] = {0};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		data[0] = (uint8_t)(types[i] >> 8);
		data[1] = (uint8_t)types[i];
		for (size_t n = 2; n <= sizeof(data); n++)
			ck_assert_int_eq(decode(data, n, &back), E_FORMAT);
	}
	ck_assert_int_eq(decode(data, 0, &back), E_TRUNCATED);
	ck_assert_int_eq(decode(data, 1, &back), E_TRUNCATED);
}
END_TEST

START_TEST(no_message_has_no_encoding)
{
	struct wall_message m;
	struct buf b;

	memset(&m, 0, sizeof(m));
	ck_assert_int_ne(encode(&m, &b), 0);
	buf_free(&b);
	m.type = WALL_TYPES;
	ck_assert_int_ne(encode(&m, &b), 0);
	buf_free(&b);
}
END_TEST

START_TEST(a_null_text_is_an_empty_one)
{
	struct wall_message m, back;
	struct buf b;

	memset(&m, 0, sizeof(m));
	m.type = MSG_signal;
	ck_assert_int_eq(encode(&m, &b), 0);
	memset(&back, 0, sizeof(back));
	ck_assert_int_eq(wall_decode(b.data, b.len, &back), 0);
	ck_assert_str_eq(back.signal.name, "");
	buf_free(&b);
}
END_TEST

Suite *
suite_codec(void)
{
	Suite *s = suite_create("codec");
	TCase *t = tcase_create("codec");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
	    t, every_message_returns_as_it_was_sent, 1, WALL_TYPES);
	tcase_add_loop_test(
	    t, one_over_a_limit_is_neither_sent_nor_taken, 1, WALL_TYPES);
	tcase_add_loop_test(t, a_flag_is_zero_or_one, 1, WALL_TYPES);
	tcase_add_loop_test(t, every_cut_is_noticed, 1, WALL_TYPES);
	tcase_add_loop_test(t, a_byte_too_many_is_noticed, 1, WALL_TYPES);
	tcase_add_loop_test(t, a_text_ends_where_it_says, 1, WALL_TYPES);
	tcase_add_test(t, what_is_no_type_is_malformed);
	tcase_add_test(t, no_message_has_no_encoding);
	tcase_add_test(t, a_null_text_is_an_empty_one);
	suite_add_tcase(s, t);
	return s;
}
