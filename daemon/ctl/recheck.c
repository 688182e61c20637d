/*
 * sallyportctl recheck: open connections are judged anew, now, and what came
 * of it.
 */
#include "daemon/ctl/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Longer than a monitor waits for its judge. */
#define WAIT_MS	   70000
#define FIRST_MS   50
#define LONGEST_MS 250

static uint64_t
number(const struct records *answer, const char *key)
{
	return answer->count == 0 ?
	    0 :
	    strtoull(record_get(&answer->items[0], key), NULL, 10);
}

static void
pause_ms(unsigned ms)
{
	struct timespec t = {
	    .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)nanosleep(&t, NULL);
}

static void
print(const struct records *answer)
{
	printf("%" PRIu64 " open connections judged: %" PRIu64
	       " allowed, %" PRIu64 " refused, %" PRIu64 " not known\n",
	    number(answer, "open"), number(answer, "allowed"),
	    number(answer, "refused"), number(answer, "unknown"));
}

int
recheck_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *const words[] = {"recheck", "status"};
	struct records answer = {0};
	unsigned waited = 0, pause = FIRST_MS;
	int status;

	(void)argv;
	if (argc != 0)
		return ctl_usage(ctl, "no arguments are expected");
	status = client_ask(ctl, words, 1, &answer, NULL);
	while (status == CTL_OK && number(&answer, "waiting") > 0 &&
	    waited < WAIT_MS) {
		pause_ms(pause);
		waited += pause;
		pause = pause * 2 > LONGEST_MS ? LONGEST_MS : pause * 2;
		records_free(&answer);
		status = client_ask(ctl, words, 2, &answer, NULL);
	}
	if (status == CTL_OK && ctl->json)
		records_json(&answer, true, stdout);
	else if (status == CTL_OK)
		print(&answer);
	if (status == CTL_OK && number(&answer, "waiting") > 0) {
		ctl_fail("%" PRIu64 " connections have not been judged in time",
		    number(&answer, "waiting"));
		status = CTL_PARTLY;
	}
	records_free(&answer);
	return status;
}
