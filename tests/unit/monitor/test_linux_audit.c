/*
 * Events of a connection and the records of the Linux audit that they become,
 * against a double of the kernel's socket.
 */
#include "config/config.h"
#include "daemon/monitor/linux_audit.h"
#include "lib/audit_netlink.h"
#include "lib/log.h"
#include "tests/unit/monitor/suites.h"
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWERS 40

static int ends[2]; /* ends[0]: the kernel's */
static uint32_t worker = 321;

static int
open_double(void)
{
	return dup(ends[1]);
}

static bool
is_pam(const char *module, const void *arg)
{
	(void)arg;
	return strncmp(module, "pam", 3) == 0;
}

static void
setup(void)
{
	struct net_address source, local;
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} a = {.header = {.nlmsg_len = sizeof(a), .nlmsg_type = NLMSG_ERROR}};

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (int i = 0; i < ANSWERS; i++)
		ck_assert_int_eq(send(ends[0], &a, sizeof(a), 0), sizeof(a));
	audit_netlink_open = open_double;
	ck_assert_int_eq(net_parse("192.0.2.7", &source), 0);
	ck_assert_int_eq(net_parse("2001:db8::1", &local), 0);
	source.port = 4711;
	local.port = 22;
	log_use_stderr(false);
	audit_set_connection("0123456789abcdef", &source, &local);
	linux_audit_prepare(LINUX_AUDIT_ON);
	ck_assert_int_gt(recv(ends[0], &a, sizeof(a), 0), 0); /* the probe */
	linux_audit_begin(is_pam, NULL, &worker);
}

static void
teardown(void)
{
	close(ends[0]);
	close(ends[1]);
}

/* The next record as "type text", without what all have; "" after the last. */
static const char *
next(void)
{
	static char text[AUDIT_NETLINK_TEXT_MAX + 16];
	struct {
		struct nlmsghdr header;
		char text[AUDIT_NETLINK_TEXT_MAX];
	} m;
	char *exe, *end;

	if (recv(ends[0], &m, sizeof(m), MSG_DONTWAIT) <= 0)
		return "";
	snprintf(text, sizeof(text), "%u %s", m.header.nlmsg_type, m.text);
	exe = strstr(text, " exe=\"");
	end = strstr(text, " hostname=? addr=192.0.2.7 ");
	ck_assert(exe != NULL && end != NULL && end > exe);
	end += strlen(" hostname=? addr=192.0.2.7");
	memmove(exe, end, strlen(end) + 1);
	return text;
}

static void
user(const char *name, bool exists)
{
	audit_set_requested(name, exists);
}

START_TEST(a_key_is_told_with_its_fingerprint)
{
	user("probe", true);
	AUDIT(auth_fail, .method = "publickey", .module = "publickey",
	    .refusal = "not_accepted", .reason = "no");
	AUDIT(key_offered, .method = "publickey", .fp = "SHA256:other");
	audit_set_user("probe", 4242);
	AUDIT(auth_ok, .method = "publickey", .module = "publickey",
	    .fp = "SHA256:ab+/c res=x");
	linux_audit_finish();
	for (int i = 0; i < 2; i++)
		ck_assert_str_eq(next(),
		    "1100 op=pubkey acct=\"probe\" terminal=ssh res=failed");
	ck_assert_str_eq(next(),
	    "1100 op=pubkey_auth grantors=auth-key acct=\"probe\" "
	    "terminal=ssh res=success");
	ck_assert_str_eq(next(),
	    "2404 op=negotiate kind=auth-key fp=SHA256:ab+/c_res=x "
	    "terminal=? res=success");
	ck_assert_str_eq(next(), "");
}
END_TEST

START_TEST(what_pam_has_written_is_not_repeated)
{
	user("probe", true);
	AUDIT(auth_fail, .method = "password", .module = "pam",
	    .refusal = "not_accepted", .reason = "no");
	AUDIT(auth_partial, .method = "keyboard-interactive/pam",
	    .module = "pam-otp", .next = "publickey");
	AUDIT(session_failed, .service = "pam", .reason = "no");
	AUDIT(auth_ok, .method = "password", .module = "vault");
	AUDIT(auth_ok, .method = "hostbased", .module = "hostbased");
	AUDIT(auth_ok, .method = "gssapi-with-mic", .module = "gssapi");
	AUDIT(session_failed, .reason = "groups");
	linux_audit_finish();
	ck_assert_str_eq(next(),
	    "1100 op=password grantors=vault acct=\"probe\" terminal=ssh "
	    "res=success");
	ck_assert_str_eq(next(),
	    "1100 op=hostbased_auth grantors=auth-key acct=\"probe\" "
	    "terminal=ssh res=success");
	ck_assert_str_eq(next(),
	    "1100 op=gssapi grantors=gssapi acct=\"probe\" terminal=ssh "
	    "res=success");
	ck_assert_str_eq(
	    next(), "1109 op=session acct=\"probe\" terminal=ssh res=failed");
	ck_assert_str_eq(next(), "");
}
END_TEST

START_TEST(a_name_that_nobody_has_is_not_written)
{
	user("my password", false);
	AUDIT(auth_fail, .method = "password", .refusal = "not_accepted",
	    .reason = "no");
	AUDIT(auth_maxtries, .attempt = 6);
	AUDIT(auth_abandoned, .how = "closed");
	AUDIT(auth_abandoned, .how = "closed");
	AUDIT(conn_close, .how = "closed");
	linux_audit_finish();
	ck_assert_str_eq(next(),
	    "1100 op=password acct=28696E76616C6964207573657229 terminal=ssh "
	    "res=failed");
	ck_assert_str_eq(next(),
	    "2100 op=login acct=28696E76616C6964207573657229 terminal=ssh "
	    "res=failed");
	ck_assert_str_eq(next(),
	    "1112 op=login acct=28696E76616C6964207573657229 terminal=ssh "
	    "res=failed");
	ck_assert_str_eq(next(), "");
}
END_TEST

START_TEST(refused_logins_are_anomalies_and_states_of_accounts)
{
	user("root", true);
	AUDIT(root_denied, .reason = "no");
	AUDIT(root_denied, .reason = "no");
	AUDIT(login_refused, .refusal = "time", .reason = "night");
	AUDIT(login_refused, .refusal = "locked", .reason = "locked");
	AUDIT(login_refused, .refusal = "account", .reason = "PAM says so");
	linux_audit_finish();
	ck_assert_str_eq(
	    next(), "2119 op=login acct=\"root\" terminal=ssh res=failed");
	ck_assert_str_eq(
	    next(), "2101 op=login acct=\"root\" terminal=ssh res=failed");
	ck_assert_str_eq(next(),
	    "1109 op=account-locked acct=\"root\" terminal=ssh res=failed");
	ck_assert_str_eq(next(), "");
}
END_TEST

#define ENDS "spid=321 rport=4711 laddr=2001:db8::1 lport=22"

START_TEST(keys_of_the_session_are_told_in_both_directions)
{
	AUDIT(kex_ok, .kex = "curve25519-sha256", .hostkey = "ssh-ed25519",
	    .cipher_in = "aes256-gcm@openssh.com", .cipher_out = "aes128-ctr",
	    .mac_out = "hmac-sha2-256");
	AUDIT(conn_close, .how = "closed");
	linux_audit_finish();
	ck_assert_str_eq(next(),
	    "2407 op=start direction=from-server cipher=aes128-ctr ksize=128 "
	    "mac=hmac-sha2-256 pfs=curve25519-sha256 " ENDS
	    " terminal=? res=success");
	ck_assert_str_eq(next(),
	    "2407 op=start direction=from-client cipher=aes256-gcm@openssh.com "
	    "ksize=256 mac=<implicit> pfs=curve25519-sha256 " ENDS
	    " terminal=? res=success");
	ck_assert_str_eq(next(),
	    "2404 op=destroy kind=session fp=? direction=from-server " ENDS
	    " terminal=? res=success");
	ck_assert_str_eq(next(),
	    "2404 op=destroy kind=session fp=? direction=from-client " ENDS
	    " terminal=? res=success");
	ck_assert_str_eq(next(), "");
}
END_TEST

START_TEST(a_session_has_a_login_and_a_logout)
{
	audit_set_user("probe", 4242);
	AUDIT(session_open, .tty = "pts/3");
	AUDIT(conn_close, .how = "closed");
	linux_audit_finish();
	ck_assert_str_eq(
	    next(), "1112 op=login id=4242 terminal=/dev/pts/3 res=success");
	ck_assert_str_eq(
	    next(), "1113 op=login id=4242 terminal=/dev/pts/3 res=success");
	ck_assert_str_eq(next(), "");
}
END_TEST

START_TEST(off_writes_none)
{
	linux_audit_prepare(LINUX_AUDIT_OFF);
	audit_set_hook(NULL, NULL);
	linux_audit_begin(is_pam, NULL, NULL);
	AUDIT(auth_maxtries, .attempt = 6);
	linux_audit_finish();
	ck_assert_str_eq(next(), "");
}
END_TEST

Suite *
suite_linux_audit(void)
{
	Suite *s = suite_create("linux_audit");
	TCase *c = tcase_create("records");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_key_is_told_with_its_fingerprint);
	tcase_add_test(c, what_pam_has_written_is_not_repeated);
	tcase_add_test(c, a_name_that_nobody_has_is_not_written);
	tcase_add_test(c, refused_logins_are_anomalies_and_states_of_accounts);
	tcase_add_test(c, keys_of_the_session_are_told_in_both_directions);
	tcase_add_test(c, a_session_has_a_login_and_a_logout);
	tcase_add_test(c, off_writes_none);
	suite_add_tcase(s, c);
	return s;
}
