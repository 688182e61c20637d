/*
 * keyboard-interactive responses, as the worker passes them on.
 */
#include "daemon/monitor/ask.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct monitor m;
	static struct auth a;
	struct sallyport_prompt prompts[SALLYPORT_PROMPTS_MAX];
	size_t count = size == 0 ? 0 : data[0] % SALLYPORT_PROMPTS_MAX;
	struct msg_auth_answers x = {.count = size < 2 ? 0 : data[1]};

	if (size < 2)
		return 0;
	m.auth = &a;
	a.walk.hopeless = data[0] & 0x80;
	x.responses = (struct bytes){&data[2], size - 2};
	if (take_answers(&m, &x, prompts, count) == SALLYPORT_OK)
		for (size_t i = 0; i < count; i++)
			if (strlen(prompts[i].answer) > ANSWER_MAX)
				abort();
	ask_forget(&m);
	return 0;
}
