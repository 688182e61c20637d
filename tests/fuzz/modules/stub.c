#include "tests/fuzz/modules/stub.h"

#include <stdlib.h>
#include <string.h>

/* ssh-keygen made them once: a certificate for "role", serial 42. */
static const char cert_line[] =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQ"
    "tdjAxQG9wZW5zc2guY29tAAAAIBqTvgZqO7pvfTmINHy1L+E4TRb0OyAzrPQ"
    "dytAfoolDAAAAIF0xbyHE2ZAEzoePQlKgdC7Ob2waKDNRUSZrv9Z+EM/bAAA"
    "AAAAAACoAAAABAAAABGZ1enoAAAAIAAAABHJvbGUAAAAAAAAAAP/////////"
    "/AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJ"
    "taXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2F"
    "yZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmM"
    "AAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgNE/NYw+IHv+T+5RejMt"
    "wOW8u5ZmkAeU5lVBkA+s6ylAAAABTAAAAC3NzaC1lZDI1NTE5AAAAQKQPDcm"
    "UwlxQfU8UMzVBRYF98fUuVNcQ4FEiLG2k2+k0VS04yJDBjpNcRGeMk70Diic"
    "wivZ4X46rIOOWOa5/3g0=";

static const char *
stub_text(struct sallyport_login *login, enum sallyport_text which)
{
	(void)login;
	switch (which) {
	case SALLYPORT_USER:
		return "role";
	case SALLYPORT_HOME:
		return "/home/role";
	case SALLYPORT_SOURCE:
		return "192.0.2.7";
	case SALLYPORT_CA_ALGORITHMS:
		return "ssh-ed25519";
	default:
		return "";
	}
}

static int64_t
stub_number(struct sallyport_login *login, enum sallyport_number which)
{
	(void)login;
	return which == SALLYPORT_TIME ? 1800000000 : 2048;
}

static void stub_say(struct sallyport_login *login, const char *format, ...)
    SALLYPORT_FORMAT(2, 3);
static void
stub_say(struct sallyport_login *login, const char *format, ...)
{
	(void)login;
	(void)format;
}

static void stub_log(struct sallyport_login *login, enum sallyport_log level,
    const char *format, ...) SALLYPORT_FORMAT(3, 4);
static void
stub_log(struct sallyport_login *login, enum sallyport_log level,
    const char *format, ...)
{
	(void)login;
	(void)level;
	(void)format;
}

static void stub_audit(struct sallyport_login *login, const char *event,
    const char *subject, const char *format, ...) SALLYPORT_FORMAT(4, 5);
static void
stub_audit(struct sallyport_login *login, const char *event,
    const char *subject, const char *format, ...)
{
	(void)login;
	(void)event;
	(void)subject;
	(void)format;
}

static int
stub_key(struct sallyport_login *login, const struct sallyport_key *key)
{
	(void)login;
	(void)key;
	return SALLYPORT_OK;
}

static const struct sallyport_host stub_host = {.text = stub_text,
    .number = stub_number,
    .reason = stub_say,
    .log = stub_log,
    .audit = stub_audit,
    .key = stub_key};

const struct sallyport_host *pk_host = &stub_host;

struct request *
stub_request(void)
{
	static struct state state;
	static struct request r;
	static bool ready;

	if (!ready && key_preload() != 0)
		abort();
	ready = true;
	memset(&r, 0, sizeof(r));
	r.state = &state;
	key_options_init(&r.options);
	if (key_parse_line(cert_line, strlen(cert_line), &r.key, NULL, NULL))
		abort();
	r.cert = key_cert(r.key);
	return &r;
}

void
stub_done(struct request *r)
{
	key_options_free(&r->options);
	key_free(r->key);
}
