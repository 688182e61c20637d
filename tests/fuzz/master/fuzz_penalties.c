/*
 * The file of penalties, any bytes before a digest that is right: what is read
 * is written as a file that reads the same.
 */
#include "daemon/master/penalty.c"
#include "daemon/master/remember.c"

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
parse(const uint8_t *data, size_t size, struct penalties *p,
    struct accounts *accounts)
{
	struct buf file;
	uint8_t sum[DIGEST_LEN];
	int err;

	buf_init(&file, size + sizeof(sum));
	buf_bytes(&file, data, size);
	digest(data, size, sum);
	buf_bytes(&file, sum, sizeof(sum));
	err = remember_parse(file.data, file.len, NOW, p, accounts);
	buf_free(&file);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct penalties *p = penalties_new(), *again = penalties_new();
	struct accounts *accounts = mem_zalloc(sizeof(*accounts));
	struct buf file;

	if (size < REMEMBER_MAX / 2 && parse(data, size, p, accounts) == 0) {
		buf_init(&file, REMEMBER_MAX);
		remember_write(p, accounts, NOW, &file);
		if (buf_end(&file) != 0 ||
		    remember_parse(file.data, file.len, NOW, again, accounts) !=
			0 ||
		    again->count4 > p->count4 || again->count6 > p->count6)
			abort();
		buf_free(&file);
	} else if (p->count4 + p->count6 != 0) {
		abort();
	}
	(void)penalties_clear(p, NULL);
	(void)penalties_clear(again, NULL);
	free(accounts);
	free(p);
	free(again);
	return 0;
}
