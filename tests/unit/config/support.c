/*
 * Helpers of the cases of config/.
 */
#include "tests/unit/config/support.h"

#include "config/policy/forward.h"
#include "config/policy/channel.h"
#include "lib/mem.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* libconfig's scanner loses its string buffer at a syntax error. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static char *
problems_text(struct problems *problems)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	problems_print(problems, out);
	fclose(out);
	problems_free(problems);
	return text;
}

struct config *
config_of(const char *text)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;
	int err;

	config_bundle_add(&bundle, "test.conf", text, strlen(text));
	err = config_load(&bundle, &config, &problems);
	config_bundle_free(&bundle);
	if (err != 0)
		ck_abort_msg("%s", problems_text(&problems));
	problems_free(&problems);
	return config;
}

char *
problems_of_files(const char *const *texts, size_t count)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;
	char name[] = "a.conf";
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		name[0] = (char)('a' + i);
		config_bundle_add(&bundle, name, texts[i], strlen(texts[i]));
	}
	err = config_load(&bundle, &config, &problems);
	ck_assert_int_eq(err != 0, problems.errors != 0);
	ck_assert_int_eq(err == 0, config != NULL);
	config_free(config);
	config_bundle_free(&bundle);
	return problems_text(&problems);
}

char *
problems_of(const char *text)
{
	return problems_of_files(&text, 1);
}

size_t
lines_in(const char *text)
{
	size_t lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

char *
file_text(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text;
	size_t len;

	ck_assert_msg(in != NULL, "%s", path);
	text = mem_zalloc(1 << 20);
	len = fread(text, 1, (1 << 20) - 1, in);
	ck_assert_uint_gt(len, 0);
	fclose(in);
	return text;
}

uint32_t
channel_timeout_of(const struct decision *d, const char *kind)
{
	struct buf out;
	uint32_t least;

	buf_init(&out, CONFIG_CHANNELS_MAX + 1);
	channel_timeouts_print(d, &out);
	buf_u8(&out, 0);
	ck_assert_int_eq(buf_end(&out), 0);
	least = channel_timeouts_least((const char *)out.data, kind);
	buf_free(&out);
	return least;
}

struct policy_facts
facts_of_alice(void)
{
	static const char *const groups[] = {"staff", "users"};
	struct policy_facts facts;

	memset(&facts, 0, sizeof(facts));
	facts.user_state = FACT_KNOWN;
	facts.user = "alice";
	facts.uid = 1000;
	facts.groups_state = FACT_KNOWN;
	facts.groups = groups;
	facts.group_count = 2;
	ck_assert_int_eq(net_parse("192.0.2.1", &facts.source), 0);
	facts.listener = "main";
	facts.now = 1700000000; /* Tue 2023-11-14 22:13:20 UTC */
	facts.key_state = FACT_ABSENT;
	return facts;
}

bool
may_listen(const struct decision *d, const char *host, uint32_t port)
{
	struct net_address list[LISTEN_ADDRESSES_MAX];

	return policy_may_listen(d, host, port, list) != 0;
}
