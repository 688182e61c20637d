/*
 * Revocation lists: those of ssh-keygen -k, lists of keys, and broken ones.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/krl.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct krl *
read_krl(const char *name)
{
	size_t len;
	char *file = data_read(name, &len);
	struct krl *krl = NULL;

	ck_assert_int_eq(krl_parse(file, len, &krl, NULL), 0);
	free(file);
	return krl;
}

/* As `ssh-keygen -Q -f LIST KEY` answers. */
static const struct {
	const char *list;
	const char *key;
	int err;
} rows[] = {
    {"krl_serials", "user-cert.pub", E_REVOKED}, /* 1001 */
    {"krl_serials", "user_options-cert.pub", 0}, /* 1008 */
    {"krl_serials", "user_serial0-cert.pub", 0}, /* 0 */
    {"krl_serials", "user_rsa256-cert.pub", 0}, /* another CA */
    {"krl_serials", "ed25519.pub", 0},
    {"krl_keys", "other.pub", E_REVOKED},
    {"krl_keys", "rsa2048.pub", E_REVOKED},
    {"krl_keys", "user_rsa-cert.pub", E_REVOKED}, /* its key */
    {"krl_keys", "ed25519.pub", 0},
    {"krl_sha1", "other.pub", E_REVOKED},
    {"krl_sha1", "ed25519.pub", 0},
    {"krl_sha256", "ecdsa256.pub", E_REVOKED},
    {"krl_sha256", "ecdsa384.pub", E_REVOKED},
    {"krl_sha256", "user_ecdsa-cert.pub", E_REVOKED},
    {"krl_sha256", "ecdsa521.pub", 0},
    {"krl_id", "user_rsa256-cert.pub", E_REVOKED},
    {"krl_id", "user_rsa-cert.pub", 0},
    {"krl_cert", "user_ecdsa-cert.pub", E_REVOKED},
    {"krl_cert", "ecdsa256.pub", 0},
    {"krl_ca", "ca_rsa.pub", E_REVOKED},
    {"krl_ca", "user_rsa-cert.pub", E_REVOKED}, /* by its CA */
    {"krl_ca", "user-cert.pub", 0},
    {"krl_empty", "other.pub", 0},
    {"ed25519.pub", "ed25519.pub", E_REVOKED}, /* a list of one line */
    {"ed25519.pub", "user-cert.pub", E_REVOKED},
    {"ed25519.pub", "other.pub", 0},
    {"ca_ed25519.pub", "user-cert.pub", E_REVOKED},
    {"user-cert.pub", "user-cert.pub", E_REVOKED},
    {"user-cert.pub", "ed25519.pub", 0},
    {"user-cert.pub", "user_options-cert.pub", 0},
};

START_TEST(lists_of_ssh_keygen_revoke_what_they_name)
{
	struct krl *krl = read_krl(rows[_i].list);
	struct key *key = data_key(rows[_i].key);

	ck_assert_msg(krl_check(krl, key) == rows[_i].err, "%s %s",
	    rows[_i].list, rows[_i].key);
	key_free(key);
	krl_free(krl);
}
END_TEST

START_TEST(a_list_tells_its_number_and_its_date)
{
	struct krl *krl = read_krl("krl_serials");

	ck_assert_uint_eq(krl_number(krl), 7);
	ck_assert_uint_gt(krl_generated(krl), 1750000000);
	ck_assert_str_eq(krl_comment(krl), "");
	/* As `ssh-keygen -Q -l` lists them: 13 serials or ranges, 2 ids. */
	ck_assert_uint_eq(krl_entries(krl), 15);
	krl_free(krl);
	krl = read_krl("ed25519.pub");
	ck_assert_uint_eq(krl_generated(krl), 0);
	ck_assert_uint_eq(krl_entries(krl), 1);
	krl_free(krl);
}
END_TEST

/*
 * Sections have no count before them, so a list cut between two of them is a
 * whole list; at all other lengths it is none.
 */
START_TEST(a_cut_list_is_no_list)
{
	static const struct {
		const char *file;
		unsigned whole; /* cuts that are lists: empty, headers only */
	} files[] = {{"krl_serials", 2}, {"krl_keys", 2}, {"krl_sha1", 2},
	    {"krl_sha256", 2}, {"krl_empty", 1}};
	size_t len;
	char *file = data_read(files[_i].file, &len), *copy;
	struct krl *krl = NULL;
	unsigned whole = 0;

	for (size_t cut = 0; cut < len; cut++) {
		copy = malloc(cut + 1);
		memcpy(copy, file, cut);
		if (krl_parse(copy, cut, &krl, NULL) == 0) {
			whole++;
			krl_free(krl);
		}
		free(copy);
	}
	ck_assert_uint_eq(whole, files[_i].whole);
	free(file);
}
END_TEST

static void
start_krl(struct buf *b)
{
	buf_init(b, 1 << 20);
	buf_bytes(b, "SSHKRL\n", 8);
	buf_u32(b, 1);
	buf_u64(b, 3);
	buf_u64(b, 1750000000);
	buf_u64(b, 0);
	buf_text(b, "");
	buf_text(b, "by hand");
}

static const struct {
	const char *what;
	const char *hex; /* sections, each: type, length, contents */
	int err;
} sections[] = {
    {"a signature", "0400000000", E_UNSUPPORTED},
    {"an unknown section", "0600000000", E_UNSUPPORTED},
    {"an extension that may be passed over",
	"ff0000000a"
	"0000000178"
	"00"
	"00000000",
	0},
    {"a critical extension",
	"ff0000000a"
	"0000000178"
	"01"
	"00000000",
	E_UNSUPPORTED},
    {"a range upside down",
	"010000001d"
	"00000000"
	"00000000"
	"21"
	"00000010"
	"0000000000000005"
	"0000000000000004",
	E_VALUE},
    {"a range of three numbers",
	"0100000025"
	"00000000"
	"00000000"
	"21"
	"00000018"
	"0000000000000005"
	"0000000000000006"
	"0000000000000007",
	E_TRAILING},
    {"all serials there are",
	"010000001d"
	"00000000"
	"00000000"
	"21"
	"00000010"
	"0000000000000000"
	"ffffffffffffffff",
	0},
    {"a bitmap over the last serial",
	"010000001a"
	"00000000"
	"00000000"
	"22"
	"0000000d"
	"ffffffffffffffff"
	"0000000101",
	E_VALUE},
    {"a bitmap that is negative",
	"010000001a"
	"00000000"
	"00000000"
	"22"
	"0000000d"
	"0000000000000001"
	"0000000180",
	E_FORMAT},
    {"an unknown subsection",
	"010000000d"
	"00000000"
	"00000000"
	"24"
	"00000000",
	E_UNSUPPORTED},
    {"a critical extension of certificates",
	"0100000017"
	"00000000"
	"00000000"
	"39"
	"0000000a"
	"0000000178"
	"01"
	"00000000",
	E_UNSUPPORTED},
    {"a fingerprint of 19 bytes",
	"0300000017"
	"00000013"
	"00112233445566778899aabbccddeeff001122",
	E_FORMAT},
    {"an empty key",
	"0200000004"
	"00000000",
	E_FORMAT},
};

START_TEST(sections_that_no_tool_makes_are_judged)
{
	size_t len;
	uint8_t *bytes = hex(sections[_i].hex, &len);
	struct krl *krl = NULL;
	struct buf b;

	start_krl(&b);
	buf_bytes(&b, bytes, len);
	ck_assert_int_eq(
	    krl_parse(b.data, b.len, &krl, NULL), sections[_i].err);
	if (krl != NULL) {
		ck_assert_str_eq(krl_comment(krl), "by hand");
	}
	krl_free(krl);
	buf_free(&b);
	free(bytes);
}
END_TEST

/* Serials 1000 + {0, 3, 8, 9, 17} of any CA, and a range that meets them. */
START_TEST(bitmaps_and_ranges_of_any_ca_are_searched)
{
	static const char certs[] = "0100000039"
				    "00000000"
				    "00000000"
				    "22"
				    "0000000f"
				    "00000000000003e8"
				    "00000003"
				    "020309"
				    "21"
				    "00000010"
				    "00000000000003f1"
				    "00000000000003f4"
				    "20"
				    "00000000";
	static const struct {
		const char *file;
		int err;
	} seen[] = {{"user", 0}, /* 1001 */
	    {"user_ecdsa", 0}, /* 1002 */
	    {"user_ecdsa384", E_REVOKED}, /* 1003 */
	    {"user_rsa", 0}, /* 1005 */
	    {"user_options", E_REVOKED}, /* 1008 */
	    {"user_unknown_critical", E_REVOKED}, /* 1009 */
	    {"user_unknown_extension", E_REVOKED}, /* 1010 */
	    {"user_forever", E_REVOKED}, /* 1012 */
	    {"user_short_key", 0}}; /* 1013 */
	size_t len;
	uint8_t *bytes = hex(certs, &len);
	char name[64];
	struct krl *krl;
	struct key *key;
	struct buf b;

	start_krl(&b);
	/* the map: bits 0, 1+... as written above, from 1000 on */
	bytes[0] = 1;
	bytes[4] = (uint8_t)(len - 5);
	buf_bytes(&b, bytes, len);
	ck_assert_int_eq(krl_parse(b.data, b.len, &krl, NULL), 0);
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		snprintf(name, sizeof(name), "%s-cert.pub", seen[i].file);
		key = data_key(name);
		ck_assert_msg(krl_check(krl, key) == seen[i].err, "%s", name);
		key_free(key);
	}
	krl_free(krl);
	buf_free(&b);
	free(bytes);
}
END_TEST

static const struct {
	const char *text; /* %s is other.pub's line */
	int err;
	unsigned line;
	size_t entries;
} lists[] = {
    {"", 0, 0, 0},
    {"# revoked\r\n\n  %s\t\n", 0, 0, 1},
    {"%s\nssh-dss AAAAB3NzaC1kc3MA of an old type\n%s", 0, 0, 3},
    {"%s\nssh-dss AAAAB3NzaC1kc3M cut\n", E_FORMAT, 2, 0},
    {"%s\nssh-rsa AAAAB3NzaC1kc3MA another type\n", E_FORMAT, 2, 0},
    {"%s\n\nnonsense", E_FORMAT, 3, 0},
    {"SSHKRL", E_FORMAT, 1, 0},
    {"no-pty %s", E_FORMAT, 1, 0},
};

START_TEST(lists_of_keys_are_read_line_by_line)
{
	size_t len;
	char *line_text = data_read("other.pub", &len), *text;
	struct key *key = data_key("other.pub");
	struct krl *krl = NULL;
	unsigned line = 77;

	line_text[len - 1] = '\0';
	/* a format of the table above, with at most two keys in it */
	text = mem_alloc(8192);
	text[0] = '\0';
	for (const char *at = lists[_i].text, *next; *at != '\0'; at = next) {
		next = strstr(at, "%s");
		strncat(text, at, next == NULL ? 4096 : (size_t)(next - at));
		if (next != NULL)
			strcat(text, line_text);
		next = next == NULL ? "" : &next[2];
	}
	ck_assert_msg(
	    krl_parse(text, strlen(text), &krl, &line) == lists[_i].err, "%s",
	    text);
	ck_assert_uint_eq(line, lists[_i].line);
	if (krl != NULL) {
		ck_assert_uint_eq(krl_entries(krl), lists[_i].entries);
		ck_assert_int_eq(krl_check(krl, key),
		    lists[_i].entries == 0 ? 0 : E_REVOKED);
	}
	krl_free(krl);
	key_free(key);
	free(text);
	free(line_text);
}
END_TEST

Suite *
suite_krl(void)
{
	Suite *s = suite_create("krl");
	TCase *t = tcase_create("krl");

	tcase_add_loop_test(t, lists_of_ssh_keygen_revoke_what_they_name, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, a_list_tells_its_number_and_its_date);
	tcase_add_loop_test(t, a_cut_list_is_no_list, 0, 5);
	tcase_add_loop_test(t, sections_that_no_tool_makes_are_judged, 0,
	    (int)(sizeof(sections) / sizeof(sections[0])));
	tcase_add_test(t, bitmaps_and_ranges_of_any_ca_are_searched);
	tcase_add_loop_test(t, lists_of_keys_are_read_line_by_line, 0,
	    (int)(sizeof(lists) / sizeof(lists[0])));
	suite_add_tcase(s, t);
	return s;
}
