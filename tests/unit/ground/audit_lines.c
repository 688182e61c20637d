/*
 * Emits, through the syslog sender to the socket it is given, one connection
 * after another as a monitor would: for fail2ban.sh, which reads them with
 * fail2ban's own sshd filter.  The last digit block of the address says what
 * must come of it: below 20 matched, below 40 matched in aggressive mode,
 * from 40 on never.
 */
#include "lib/audit.h"
#include "lib/log.h"
#include "lib/syslog_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
connection(int number)
{
	char id[AUDIT_CONN_ID_SIZE], text[32];
	struct net_address source, local;

	usleep(20000); /* the reader's queue is short */
	snprintf(text, sizeof(text), "203.0.113.%d:40000", number);
	if (net_parse_port(text, &source) != 0 ||
	    net_parse_port("198.51.100.1:22", &local) != 0)
		exit(EXIT_FAILURE);
	audit_new_conn_id(id);
	audit_set_connection(id, &source, &local);
	audit_set_identified();
}

static void
user(int number, const char *name, bool exists)
{
	connection(number);
	audit_set_requested(name, exists);
}

static void
known(int number, const char *name)
{
	user(number, name, true);
	audit_set_user(name, 1000);
}

static void
matched(void)
{
	user(1, "eve x", false);
	AUDIT(auth_unknown_user, .reason = "no_user");
	user(2, "eve from 192.0.2.66 port 2 ssh2", false);
	AUDIT(auth_fail, .method = "password", .attempts_left = 3);
	user(3, "root", true);
	AUDIT(auth_fail, .method = "password", .reason = "a from 192.0.2.66");
	user(4, "root", true);
	AUDIT(auth_maxtries, .attempt = 6);
	user(5, "root", true);
	AUDIT(authz_deny, .as_sshd = "not listed in AllowUsers",
	    .detail = "no rule matched");
	user(6, "root", true);
	AUDIT(root_denied, .method = "password");
	user(7, "bob", false);
	AUDIT(auth_fail, .method = "publickey", .key_type = "ssh-ed25519",
	    .fp = "SHA256:x");
	user(8, "bob", true);
	AUDIT(pam_error, .reason = "Authentication failure", .service = "sp");
	user(9, "bob", true);
	AUDIT(conn_close, .how = "disconnecting",
	    .cause = "Change of username or service not allowed: (a,b)",
	    .client = "SSH-2.0-evil from 192.0.2.66");
}

static void
matched_when_aggressive(void)
{
	connection(20);
	AUDIT(conn_close, .how = "closed", .client = "SSH-2.0-x y");
	user(21, "bob", true);
	AUDIT(conn_close, .how = "closed");
	connection(22);
	AUDIT(kex_fail, .reason = "no matching key exchange method found",
	    .offer = "diffie-hellman-group1-sha1", .kind = "kex");
	connection(23);
	AUDIT(conn_ident_bad, .reason = "invalid format");
	user(24, "bob", true);
	AUDIT(conn_close, .how = "reset");
	connection(25);
	AUDIT(conn_disconnect, .code = 14,
	    .text = "No supported authentication methods available");
}

static void
never_matched(void)
{
	known(40, "al");
	AUDIT(auth_ok, .method = "publickey", .key_type = "ssh-ed25519",
	    .fp = "SHA256:x", .methods = "publickey");
	known(41, "al");
	AUDIT(conn_disconnect, .code = 11, .text = "disconnected by user");
	known(42, "al");
	AUDIT(conn_close, .how = "disconnected", .client = "SSH-2.0-x");
	known(43, "al");
	AUDIT(shell_start, .forced = true,
	    .command = "Failed password for root from 192.0.2.66 port 1 ssh2");
}

int
main(int argc, char **argv)
{
	struct syslog_out_options options = {.ident = "sshd"};

	if (argc != 2)
		return EXIT_FAILURE;
	options.path = argv[1];
	if (syslog_out_open(&options) != 0)
		return EXIT_FAILURE;
	log_use_stderr(false);
	log_use_syslog(true);
	log_set_level(LOG_LEVEL_VERBOSE);
	matched();
	matched_when_aggressive();
	never_matched();
	return syslog_out_lost() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
