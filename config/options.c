/*
 * The one table of configuration keys; config/options.h says who reads it.
 * A key stands here only when something obeys it.
 */
#include "config/options.h"

#include "config/choices.h"
#include "config/option_rows.h"

#include <string.h>

#define MODULES_DIR MODULEDIR

/* clang-format off: one key, one paragraph */
const struct option options[] = {
    /* ---- the server ---- */
    S("listeners", listeners, LIST, 0, CONFIG_LISTENERS_MAX, 0, NULL, NULL,
	"Where to listen, a list of groups. Without any: port 22 on every "
	"address, named \"main\"."),
    S("host_keys", host_keys, PATHS, 1, 16, 0,
	"[\"" SYSCONFDIR "/ssh_host_ed25519_key\", \"" SYSCONFDIR
	"/ssh_host_ecdsa_key\", \"" SYSCONFDIR "/ssh_host_rsa_key\"]",
	NULL,
	"Files of the host's private keys, in OpenSSH's format or PEM. Several "
	"of one type may stand here while keys are rotated; the first of a "
	"type is used, all are announced."),
    S("host_certificates", host_certificates, PATHS, 0, 16, 0, "[]", NULL,
	"Certificates of host keys (*-cert.pub), each for one of host_keys."),
    S("version_software", version_software, NAME, 0, 32, NONE, "\"none\"", NULL,
	"The software in the identification line, in place of "
	"OpenSSH_compatible_sallyport_VERSION; without \"-\". OpenSSH's "
	"client tells a server that its output "
	"is read no more (\"ssh host yes | head\"), and that it wants no "
	"more sessions, only where this begins with OpenSSH; elsewhere it "
	"reads to the end. Scanners go by this name, too."),
    S("version_addendum", version_addendum, STRING, 0, 64, NONE, "\"none\"",
	NULL, "Text after the version in the identification line."),
    S("banner", banner, PATH, 0, 0, NONE, "\"none\"", NULL,
	"A file whose text is shown before authentication, to whom no rule "
	"shows another."),
    S("pid_file", pid_file, PATH, 0, 0, NONE,
	"\"" RUNSTATEDIR "/sallyportd.pid\"", NULL,
	"Where the server's process id is written, or none."),
    S("control_socket", control_socket, PATH, 0, 100, NONE,
	"\"" RUNSTATEDIR "/sallyport/control\"", NULL,
	"The socket that sallyportctl(8) talks to; root alone may open it."),
    S("reload_needs_listeners", reload_needs_listeners, BOOL, 0, 0, 0, "false",
	NULL,
	"Refuse a reload with a listener that cannot be opened. Otherwise the "
	"others serve, and the log and sallyportctl reload name the one that "
	"is not open."),
    S("recheck_interval", recheck_interval, TIME, 10, DAY, NONE, "300", NULL,
	"How often open connections whose on_change is not ignore are judged "
	"anew, for users who were removed, locked or put into other groups. "
	"none: after other changes and by sallyportctl recheck alone."),
    S("grants_directory", grants_directory, PATH, 0, 0, 0,
	"\"" SYSCONFDIR "/grants.d\"", NULL,
	"Where grants for a time lie, a file NAME.grant each: root's, as the "
	"directory, and writable by nobody else."),
    S("health_sources", health_sources, NETWORKS, 0, 1024, 0, "[]", NULL,
	"Addresses of balancers and monitors that connect, read the greeting "
	"and leave. Such a connection costs no penalty and is not logged; "
	"sallyportctl status and stats count it. A connection from there that "
	"begins a key exchange is one like others."),
    S("private_groups", private_groups, BOOL, 0, 0, 0, "true", NULL,
	"Accept homes and key files that the user's private group may write: "
	"of the user's name, with nobody else in it (as its members and "
	"/etc/passwd tell: no directory is read), and without an ACL. "
	"false: as OpenSSH's own StrictModes."),
    S("tcp_keepalive", tcp_keepalive, BOOL, 0, 0, 0, "true", NULL,
	"Let the kernel probe idle connections (SO_KEEPALIVE)."),
    S("ip_qos_interactive", ip_qos_interactive, CHOICE, 0, 0, 0, "\"ef\"",
	qos_choices, "DSCP class of connections with a terminal."),
    S("ip_qos_bulk", ip_qos_bulk, CHOICE, 0, 0, 0, "\"none\"", qos_choices,
	"DSCP class of connections without a terminal."),
    S("xauth", xauth, PATH, 0, 0, 0, "\"/usr/bin/xauth\"", NULL,
	"The xauth program for X11 forwarding."),
    S("x11_display_offset", x11_display_offset, NUMBER, 0, 1000, 0, "10", NULL,
	"First display number that X11 forwarding uses."),
    S("decoy", decoy_name, NAME, 0, 0, 0, NULL, NULL,
	"Name of the rule that strangers seem to meet: unknown, unmatched and "
	"refused users are asked as this rule asks, and never succeed. Without "
	"it the last rule that does not refuse."),
    S("crypto.profile", crypto.profile, CHOICE, 0, 0, 0, "\"modern\"",
	profile_choices,
	"Which algorithms the lists below begin with. modern: for clients of "
	"the last ten years; compatible: adds HMAC with SHA-1; fips: "
	"libcrypto's approved implementations only, with ML-KEM on NIST's "
	"curves where its provider has it (OpenSSL 3.5); cis and stig: what "
	"these benchmarks ask; legacy: compatible and what appliances of "
	"before "
	"2016 need, each of it warned of by check and told in the log: "
	"diffie-hellman-group14-sha1, ssh-rsa with SHA-1, AES in CBC mode; "
	"system: what the system-wide policy of Enterprise Linux permits, read "
	"at a start and a reload from "
	"/etc/crypto-policies/back-ends/opensshserver.config, which must be "
	"there and have no keyword that this server does not know. With system "
	"the lists and crypto.rsa_bits can narrow what the "
	"policy permits and nothing can widen it; of what it does not name, as "
	"modern."),
    S("crypto.kex", crypto.kex, ALGORITHMS, 0, 0, 0, NULL, NULL,
	"Key exchange methods in order of preference. A list whose entries "
	"begin with + (add), - (remove, wildcards allowed) or ^ (put first) "
	"changes the profile's list; any other list replaces it."),
    S("crypto.gss_kex", crypto.gss_kex, ALGORITHMS, 0, 0, 0, NULL, NULL,
	"Key exchange methods of GSS-API in order of preference, offered "
	"before those of crypto.kex where kerberos.key_exchange is true; as "
	"crypto.kex, but the list may be empty. The names have no OID behind "
	"the last -: it is that of Kerberos."),
    S("crypto.ciphers", crypto.ciphers, ALGORITHMS, 0, 0, 0, NULL, NULL,
	"Ciphers, in order of preference; as crypto.kex."),
    S("crypto.macs", crypto.macs, ALGORITHMS, 0, 0, 0, NULL, NULL,
	"Message authentication codes, in order of preference; as crypto.kex."),
    S("crypto.host_key_algorithms", crypto.host_key_algorithms, ALGORITHMS, 0,
	0, 0, NULL, NULL,
	"Signature algorithms of host keys, in order of preference; as "
	"crypto.kex. Only those for which there is a key are offered. "
	"ssh-mldsa44-ed25519@openssh.com (OpenSSH 10.4, experimental) is in no "
	"profile and needs ML-DSA in libcrypto (OpenSSL 3.5)."),
    S("crypto.key_algorithms", crypto.key_algorithms, ALGORITHMS, 0, 0, 0, NULL,
	NULL,
	"Signature algorithms accepted from users and hosts; as crypto.kex and "
	"crypto.host_key_algorithms."),
    S("crypto.ca_algorithms", crypto.ca_algorithms, ALGORITHMS, 0, 0, 0, NULL,
	NULL,
	"Signature algorithms a certificate authority may have used; as "
	"crypto.kex."),
    S("crypto.compression", crypto.compression, ALGORITHMS, 0, 0, 0, NULL, NULL,
	"Compression methods: none, and zlib@openssh.com (which begins after "
	"authentication); as crypto.kex."),
    S("crypto.rekey_bytes", crypto.rekey_bytes, SIZE, 65536, 1ULL << 36, 0,
	"\"1G\"", NULL, "New keys after so many bytes in either direction."),
    S("crypto.rekey_seconds", crypto.rekey_seconds, TIME, 1, 7 * DAY, NONE,
	"\"1h\"", NULL, "New keys after so much time."),
    S("crypto.rsa_bits", crypto.rsa_bits, NUMBER, 1024, 16384, 0, "2048", NULL,
	"The smallest RSA key accepted, of hosts, users and authorities."),
    S("crypto.moduli_file", crypto.moduli_file, PATH, 0, 0, 0,
	"\"/etc/ssh/moduli\"", NULL,
	"Groups for diffie-hellman-group-exchange-sha256. Without the file "
	"fixed groups serve."),
    S("limits.login_grace", limits.login_grace, TIME, 5, HOUR, 0, "60", NULL,
	"Time from the connection to successful authentication."),
    S("limits.max_auth_tries", limits.max_auth_tries, NUMBER, 1, 100, 0, "4",
	NULL,
	"Failed credentials until the connection ends. Asking whether a key "
	"would do is not one. A rule's max_auth_tries goes before it."),
    S("limits.max_connections", limits.max_connections, NUMBER, 1, 1000000,
	NONE, "10000", NULL, "Connections in all."),
    S("limits.startups.begin", limits.startups.begin, NUMBER, 1, 100000, 0,
	"10", NULL,
	"From so many unauthenticated connections on, new ones are dropped at "
	"random,"),
    S("limits.startups.rate", limits.startups.rate, NUMBER, 1, 100, 0, "30",
	NULL, "with this many per cent at first, rising linearly,"),
    S("limits.startups.full", limits.startups.full, NUMBER, 1, 100000, 0, "60",
	NULL,
	"until at so many every one is dropped; before that a source that "
	"holds many gives way to one that holds few, and who has no keys "
	"after five seconds to anybody."),
    S("limits.source.connections", limits.source.connections, NUMBER, 1, 100000,
	NONE, "40", NULL, "Unauthenticated connections from one source block."),
    S("limits.source.prefix4", limits.source.prefix4, NUMBER, 0, 32, 0, "32",
	NULL, "How many bits of an IPv4 address make a source block."),
    S("limits.source.prefix6", limits.source.prefix6, NUMBER, 0, 128, 0, "64",
	NULL, "How many bits of an IPv6 address make a source block."),
    S("limits.penalties.enabled", limits.penalties.enabled, BOOL, 0, 0, 0,
	"true", NULL, "Refuse sources that misbehaved for a while."),
    S("limits.penalties.crash", limits.penalties.crash, TIME, 0, DAY, 0, "90",
	NULL, "Penalty for a connection whose worker died of a signal."),
    S("limits.penalties.auth_failure", limits.penalties.auth_failure, TIME, 0,
	DAY, 0, "5", NULL,
	"Penalty for a connection that failed to authenticate."),
    S("limits.penalties.invalid_user", limits.penalties.invalid_user, TIME, 0,
	DAY, 0, "5", NULL, "Penalty for a user name that does not exist."),
    S("limits.penalties.no_auth", limits.penalties.no_auth, TIME, 0, DAY, 0,
	"1", NULL,
	"Penalty for a connection that ended without trying to authenticate."),
    S("limits.penalties.grace_exceeded", limits.penalties.grace_exceeded, TIME,
	0, DAY, 0, "10", NULL,
	"Penalty for a connection that overstayed login_grace."),
    S("limits.penalties.refused", limits.penalties.refused, TIME, 0, DAY, 0,
	"10", NULL,
	"Penalty for a connection that a rule with refuse = true met."),
    S("limits.penalties.minimum", limits.penalties.minimum, TIME, 0, DAY, 0,
	"15", NULL,
	"Penalties are not enforced until they add up to this. They wear off "
	"by a second a second meanwhile."),
    S("limits.penalties.maximum", limits.penalties.maximum, TIME, 1, YEAR, 0,
	"\"10m\"", NULL, "Penalties never add up to more than this."),
    S("limits.penalties.failures", limits.penalties.failures, NUMBER, 0, 64, 0,
	"0", NULL,
	"Block a source after so many connections that failed to authenticate "
	"(or asked for a user that does not exist) within limits.penalties."
	"within, for limits.penalties.block: \"5 failures within 10 minutes "
	"block for an hour\". 0 for never. A connection counts once, when it "
	"ends, however often it has failed. Independent of the penalties that "
	"add up; a login that succeeds does not take failures back."),
    S("limits.penalties.within", limits.penalties.within, TIME, 1, DAY, 0,
	"\"10m\"", NULL, "See limits.penalties.failures."),
    S("limits.penalties.block", limits.penalties.block, TIME, 1, YEAR, 0,
	"\"1h\"", NULL,
	"See limits.penalties.failures; limits.penalties.maximum does not "
	"bound it, and it is not extended."),
    S("limits.penalties.max_sources4", limits.penalties.max_sources4, NUMBER, 1,
	1 << 22, 0, "65536", NULL, "IPv4 source blocks to remember."),
    S("limits.penalties.max_sources6", limits.penalties.max_sources6, NUMBER, 1,
	1 << 22, 0, "65536", NULL, "IPv6 source blocks to remember."),
    S("limits.penalties.overflow_refuses", limits.penalties.overflow_refuses,
	BOOL, 0, 0, 0, "false", NULL,
	"When the table is full: true refuses every source that is not in it, "
	"false forgets the lightest penalties."),
    S("limits.penalties.known_days", limits.penalties.known_days, NUMBER, 1,
	3650, 0, "90", NULL,
	"A source from which an account has logged in within so many days is "
	"known to that account: the grant guesses does not hold there. Sixteen "
	"sources of an account are remembered, as limits.source.prefix4 and "
	"prefix6 cut them, while its rule sets guesses."),
    S("limits.penalties.exempt", limits.penalties.exempt, NETWORKS, 0, 1024, 0,
	"[]", NULL, "Networks that are never penalised."),
    S("limits.window_max", limits.window_max, SIZE32, 65536, 1 << 30, 0,
	"\"32M\"", NULL,
	"Bound on the receive window of one channel; windows grow with the "
	"path up to it."),
    S("limits.max_channels", limits.max_channels, NUMBER, 1, 65536, 0, "1024",
	NULL, "Channels of all kinds in one connection."),
    S("deadlines.pam", deadlines.pam, TIME, 1, HOUR, 0, "60", NULL,
	"How long one call of PAM may take, the user's thinking not counted."),
    S("deadlines.nss", deadlines.nss, TIME, 1, 10 * MINUTE, 0, "20", NULL,
	"How long a user or group look-up may take."),
    S("deadlines.key_command", deadlines.key_command, TIME, 1, 10 * MINUTE, 0,
	"20", NULL,
	"How long a command that prints keys or principals may take."),
    S("deadlines.module", deadlines.module, TIME, 1, HOUR, 0, "60", NULL,
	"How long any other call of a module may take, and how long loading "
	"one may at a start, a reload or a check."),
    S("deadlines.files", deadlines.files, TIME, 1, 10 * MINUTE, 0, "10", NULL,
	"How long the server's own look at a file of a user may take: the "
	"shell, ~/.hushlogin, a chroot's path, the banner."),
    S("deadlines.failure_delay", deadlines.failure_delay, NUMBER, 0, 10000, 0,
	"250", NULL,
	"Milliseconds that a failed authentication takes at least."),
    S("privsep.worker_user", privsep.worker_user, NAME, 0, 0, 0,
	"\"sallyport\"", NULL,
	"The user whose uid the network side runs under."),
    S("privsep.keyholder_user", privsep.keyholder_user, NAME, 0, 0, 0,
	"\"sallyport-keys\"", NULL,
	"The user whose uid the process with the host keys runs under; not the "
	"worker's."),
    S("privsep.ticketholder_user", privsep.ticketholder_user, NAME, 0, 0, 0,
	"\"sallyport-krb\"", NULL,
	"The user whose uid the process with the Kerberos keys runs under; "
	"neither the worker's nor the keyholder's. There is such a process "
	"with the module gssapi only."),
    S("privsep.helper_user", privsep.helper_user, NAME, 0, 0, 0,
	"\"sallyport-help\"", NULL,
	"The user whose uid a module's helper process runs under, where the "
	"module is not given another helper_user; none of the others here."),
    S("privsep.recorder_user", privsep.recorder_user, NAME, 0, 0, 0,
	"\"sallyport-rec\"", NULL,
	"The user whose uid the processes run under that record channels; none "
	"of the others here. There are such processes only where a rule, "
	"overlay or guard has record_pty or record_exec."),
    S("privsep.empty_directory", privsep.empty_directory, PATH, 0, 0, 0,
	"\"" RUNSTATEDIR "/sallyport/empty\"", NULL,
	"An empty directory of root's, the worker's root directory; made when "
	"missing."),
    S("kerberos.keytab", kerberos.keytab, PATH, 0, 0, 0, "\"/etc/krb5.keytab\"",
	NULL,
	"The file with the machine's Kerberos keys, for the module gssapi. A "
	"new one is read as soon as it has been written."),
    S("kerberos.strict_acceptor", kerberos.strict_acceptor, BOOL, 0, 0, 0,
	"true", NULL,
	"Accept tickets for host/ and this machine's name only; otherwise for "
	"every key of the keytab, as a machine with several names needs."),
    S("kerberos.key_exchange", kerberos.key_exchange, BOOL, 0, 0, 0, "false",
	NULL,
	"Offer the key exchange methods of crypto.gss_kex (RFC 4462, RFC "
	"8732): a ticket proves this host to the client, in place of the host "
	"key or, with the host key algorithm null, without one. Then a chain "
	"with gssapi-keyex lets in who made the exchange. Needs the module "
	"gssapi."),
    S("log.level", log.level, CHOICE, 0, 0, 0, "\"verbose\"", level_choices,
	"How much the log holds."),
    S("log.facility", log.facility, CHOICE, 0, 0, 0, "\"auth\"",
	facility_choices, "Syslog facility."),
    S("log.format", log.format, CHOICE, 0, 0, 0, "\"classic\"", format_choices,
	"How audit events are written: the sentences log watchers know, the "
	"same with fields behind them (text), structured data of RFC 5424, "
	"or JSON."),
    S("log.ident", log.ident, NAME, 0, 0, 0, "\"sallyportd\"", NULL,
	"The program name in the log; \"sshd\" lets unchanged log watchers "
	"match."),
    S("log.targets", log.targets, TARGETS_LOG, 0, 8, 0, "[\"system\"]", NULL,
	"Where the log goes. journal: journald, with the classic sentence as "
	"MESSAGE, whatever log.format says, and every field beside it under a "
	"name of its own (doc/AUDIT.md); syslog: /dev/log; system: journald, "
	"unless another daemon than journald has /dev/log, else syslog. Only "
	"one of the three can be named, for journald reads both. stderr, or "
	"an absolute file name; a symbolic link is followed if it and each "
	"directory on the way are root's and writable by nobody else."),
    S("audit.checkpoint", audit.checkpoint, TIME, 1, 1440 * MINUTE, 0,
	"\"10m\"", NULL,
	"How often the server signs, with a host key, how far its log has "
	"come; it does so at its end, too. In the formats rfc5424 and json and "
	"in the journal every record has a number and a hash over the one "
	"before, so that sallyportctl audit verify finds what is missing or "
	"was changed."),
    S("audit.file_digest", audit.file_digest, BOOL, 0, 0, 0, "false", NULL,
	"Tell with the closing of a file, in the internal SFTP server, the "
	"SHA-256 of what was written, or read where nothing was written. Of a "
	"whole file alone, from its first byte to its last in order; any other "
	"transfer is told as partial. The server then reads each file's bytes "
	"itself, which it otherwise has the kernel pass on."),
    S("audit.linux", audit.kernel, CHOICE, 0, 0, 0, "\"auto\"",
	linux_audit_choices,
	"Write what PAM cannot know to the Linux audit (auditd, ausearch): "
	"USER_AUTH of keys, hosts and tickets, USER_LOGIN, USER_LOGOUT, "
	"USER_ERR, ANOM_LOGIN_FAILURES, ANOM_LOGIN_TIME, ANOM_LOGIN_ROOT, "
	"CRYPTO_SESSION and CRYPTO_KEY_USER, in the layout of Red Hat's sshd. "
	"auto: where the kernel takes them; on: and a line at the start says "
	"if it does not. No login waits for a record or fails for want of "
	"one."),
    S("records.utmp", records.utmp, BOOL, 0, 0, 0, "true", NULL,
	"Write utmp, where the file is there; who(1) reads it. From Debian "
	"13 on there is none, and who(1) asks systemd-logind, to which "
	"pam_systemd names the terminal."),
    S("records.wtmp", records.wtmp, BOOL, 0, 0, 0, "true", NULL,
	"Record terminals for last(1): in wtmp, or, where libwtmpdb is "
	"installed (Debian 13), in wtmpdb. A pam_wtmpdb of the login's PAM "
	"stack then records no second line, and none for a command or sftp, "
	"also without skip_if; false leaves all of it to PAM."),
    S("records.lastlog", records.lastlog, BOOL, 0, 0, 0, "true", NULL,
	"Write lastlog, where the file is there; lastlog(8) reads it. "
	"lastlog2 is written by pam_lastlog2. Switch off when pam_lastlog "
	"writes lastlog."),
    S("records.btmp", records.btmp, BOOL, 0, 0, 0, "true", NULL,
	"Write failed logins to btmp, which lastb(1) reads."),
    S("records.motd", records.motd, CHOICE, 0, 0, 0, "\"pam\"", owner_choices,
	"Who prints the message of the day."),
    S("records.last_login", records.last_login, CHOICE, 0, 0, 0, "\"server\"",
	owner_choices,
	"Who tells of the last login. The server is silent where pam_lastlog2 "
	"has told of it."),
    S("records.nologin", records.nologin, CHOICE, 0, 0, 0, "\"pam\"",
	owner_choices, "Who obeys /etc/nologin."),
    S("recordings.directory", recordings.directory, PATH, 0, 0, 0,
	"\"" LOCALSTATEDIR "/lib/sallyport/recordings\"", NULL,
	"Where recordings of sessions are kept (record_pty, record_exec): a "
	"directory of root's that nobody else may write to, made when missing, "
	"with one for each day in it."),
    S("environment.path", environment.path, STRING, 0, 0, 0,
	"\"/usr/local/bin:/usr/bin:/bin:/usr/games\"", NULL,
	"PATH of users, unless PAM sets it."),
    S("environment.root_path", environment.root_path, STRING, 0, 0, 0,
	"\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"",
	NULL, "PATH of root, unless PAM sets it."),
    S("module_directory", module_directory, PATH, 0, 0, 0,
	"\"" MODULES_DIR "\"", NULL,
	"Where modules without a full path are found."),
    S("modules", modules, LIST, 0, 32, 0, NULL, NULL,
	"Authentication modules to load, a list of groups, in order."),
    S("subsystems", subsystems, LIST, 0, 32, 0, NULL, NULL,
	"Subsystems the server offers, a list of groups. Without any: sftp, "
	"served internally."),
    S("rules", rules, LIST, 0, CONFIG_RULES_MAX, 0, NULL, NULL,
	"The policy: a list of groups. The first rule that matches decides, "
	"whole; without a match the user is refused."),
    S("overlays", overlays, LIST, 0, CONFIG_OVERLAYS_MAX, 0, NULL, NULL,
	"A list of groups. Each that matches, in this order, sets of the "
	"grants "
	"that it names those which neither the rule that decided nor an "
	"overlay "
	"before it has set. Guards come after all of them."),
    S("guards", guards, LIST, 0, CONFIG_GUARDS_MAX, 0, NULL, NULL,
	"A list of groups. Every guard that matches applies on top of the rule "
	"that decided, and only takes away."),
    S("tests", tests, LIST, 0, CONFIG_TESTS_MAX, 0, NULL, NULL,
	"A list of groups: logins, and what the policy is to say of each. "
	"sallyportctl check, sallyportd -t and a reload refuse a "
	"configuration of which one fails; a start does not run them."),

    /* ---- a listener ---- */
    ROW(SECTION_LISTENER, "name", NAME, offsetof(struct listener, name), 0, 0,
	REQUIRED, NULL, NULL, "Its name, for rules and logs."),
    ROW(SECTION_LISTENER, "address", ADDRESS,
	offsetof(struct listener, address), 0, 0, 0, "\"*\"", NULL,
	"A numeric address, or * for every address of both families."),
    ROW(SECTION_LISTENER, "port", PORT, offsetof(struct listener, port), 1,
	65535, 0, "22", NULL, "The TCP port."),
    ROW(SECTION_LISTENER, "banner", PATH, offsetof(struct listener, banner), 0,
	0, NONE, NULL, NULL,
	"A file whose text is shown before authentication where the rule sets "
	"no banner; none for no text there. Without it the banner at the top "
	"level."),
    ROW(SECTION_LISTENER, "freebind", BOOL, offsetof(struct listener, freebind),
	0, 0, 0, "false", NULL,
	"Listen although the machine does not have the address yet."),
    ROW(SECTION_LISTENER, "proxy.trusted", NETWORKS,
	offsetof(struct listener, proxy.trusted), 0, 1024, 0, NULL, NULL,
	"Balancers whose connections must begin with a header of the PROXY "
	"protocol, version 1 or 2, within five seconds. The client's address "
	"that it tells counts from then on in rules, limits, penalties, "
	"records and the log, where proxy= is the balancer's. Whoever has one "
	"of these addresses can claim any source: name single machines."),
    ROW(SECTION_LISTENER, "proxy.required", BOOL,
	offsetof(struct listener, proxy.required), 0, 0, 0, "true", NULL,
	"With proxy.trusted: only those addresses may connect. With false "
	"others are served as well, as what they are, and send no header."),
    L("health_sources", health_sources, NETWORKS, 0, 1024,
	"As health_sources at the top level, in its place here."),
    L("host_keys", host_keys, PATHS, 1, 16,
	"Files of the host keys that are offered here, in place of those at "
	"the top level: some of those, or others. Their certificates stand in "
	"host_certificates at the top level."),
    ROW(SECTION_LISTENER, "crypto.profile", CHOICE,
	offsetof(struct listener, crypto.profile), 0, 0, 0, NULL,
	profile_choices,
	"Which algorithms the six lists below begin with here, as "
	"crypto.profile at the top level. fips is a profile of the whole "
	"server. What users may sign with is a matter of rules and guards "
	"that match the listener: see key_types."),
    L("crypto.kex", crypto.kex, ALGORITHMS, 0, 0,
	"Key exchange methods offered here, in order of preference, as "
	"crypto.kex at the top level. A list whose entries begin with + - ^ "
	"changes the list of the profile that is set here, or else the top "
	"level's. So do the other lists."),
    L("crypto.gss_kex", crypto.gss_kex, ALGORITHMS, 0, 0,
	"Key exchange methods of GSS-API offered here, before those of "
	"crypto.kex, where kerberos.key_exchange is true. With [ ] there are "
	"none here."),
    L("crypto.ciphers", crypto.ciphers, ALGORITHMS, 0, 0,
	"Ciphers offered here."),
    L("crypto.macs", crypto.macs, ALGORITHMS, 0, 0,
	"Message authentication codes offered here."),
    L("crypto.host_key_algorithms", crypto.host_key_algorithms, ALGORITHMS, 0,
	0,
	"Signature algorithms of host keys offered here; at least one of the "
	"host keys must serve one of them."),
    L("crypto.compression", crypto.compression, ALGORITHMS, 0, 0,
	"Compression methods offered here."),

    /* ---- a module ---- */
    ROW(SECTION_MODULE, "name", NAME, offsetof(struct module_settings, name), 0,
	0, REQUIRED, NULL, NULL, "Its name, for chains and logs."),
    ROW(SECTION_MODULE, "file", STRING, offsetof(struct module_settings, file),
	0, 0, 0, NULL, NULL,
	"The shared object: an absolute path, or a name in module_directory. "
	"Without it NAME.so."),
    ROW(SECTION_MODULE, "helper_user", NAME,
	offsetof(struct module_settings, helper_user), 0, 0, 0, NULL, NULL,
	"The account, never root, of the module's helper process, if it has "
	"one; no two modules with helpers have the same. Without it "
	"privsep.helper_user."),
    ROW(SECTION_MODULE, "options", PAIRS,
	offsetof(struct module_settings, options), 0, 4096, 0, NULL, NULL,
	"A group that the module itself checks; see its own manual."),

    /* ---- a subsystem ---- */
    ROW(SECTION_SUBSYSTEM, "name", NAME, offsetof(struct subsystem, name), 0, 0,
	REQUIRED, NULL, NULL, "What clients ask for."),
    ROW(SECTION_SUBSYSTEM, "command", STRING,
	offsetof(struct subsystem, command), 0, 0, REQUIRED, NULL, NULL,
	"The command that the user's shell runs; \"internal\" for sftp: no "
	"program is needed, not even in a chroot."),

    /* ---- a rule, a guard ---- */
    ROW(SECTION_RULE, "name", NAME, offsetof(struct rule, name), 0, 0, REQUIRED,
	NULL, NULL, "Its name, for logs and extends."),
    ROW(SECTION_RULE, "extends", NAME, offsetof(struct rule, extends), 0, 0, 0,
	NULL, NULL,
	"Another rule, whose grants (never its match) are inherited where this "
	"one sets none."),
    ROW(SECTION_RULE, "match", LIST, offsetof(struct rule, matches), 0, 0, 0,
	NULL, NULL,
	"Whom the rule is for, a group, or a list of groups that must all "
	"hold; without it for everybody but root."),
    ROW(SECTION_OVERLAY, "name", NAME, offsetof(struct rule, name), 0, 0,
	REQUIRED, NULL, NULL, "Its name, for logs."),
    ROW(SECTION_OVERLAY, "match", LIST, offsetof(struct rule, matches), 0, 0, 0,
	NULL, NULL,
	"Whom the overlay is for, as in a rule; without it for everybody. Root "
	"is matched as any user: it enters by a rule that names it, or not at "
	"all. An overlay that could set something, and asks what cannot be "
	"known, refuses the login."),
    ROW(SECTION_GUARD, "name", NAME, offsetof(struct rule, name), 0, 0,
	REQUIRED, NULL, NULL, "Its name, for logs."),
    ROW(SECTION_GUARD, "match", LIST, offsetof(struct rule, matches), 0, 0, 0,
	NULL, NULL,
	"Whom the guard is for, as in a rule; without it for everybody, root "
	"included. A guard that asks what cannot be known refuses; so does an "
	"excluding entry (\"!sk-*\") where there is nothing to exclude: a "
	"login without a key, a connection without a listener."),
    ROW(SECTION_GUARD, "forbid", STRINGS, offsetof(struct rule, forbid), 0, 32,
	0, NULL, NULL,
	"Methods (patterns; also method:module). Chains with one of them are "
	"dropped."),
    ROW(SECTION_GUARD, "require", CHAIN, offsetof(struct rule, require), 0, 0,
	0, NULL, NULL,
	"Steps, as in a chain, that are appended to every chain that lacks "
	"them."),

    /* ---- whom it is for ---- */
    M("user", users, STRINGS,
	"User names as the system knows them, wildcards allowed; ! in front "
	"excludes. Root is matched by its literal name only, in rules."),
    M("group", groups, STRINGS,
	"Names of groups, primary or not, wildcards allowed; ! in front "
	"excludes."),
    M("uid", uids, UIDS,
	"Numbers or ranges: \"1000-60000\". Root is matched by \"0\" only, in "
	"rules."),
    M("from", from, NETWORKS,
	"Source networks, \"10.0.0.0/8\"; ! in front excludes."),
    M("listener", listeners, STRINGS, "Names of listeners, wildcards allowed."),
    M("time", times, TIMES,
	"When: \"mon-fri 08:00-18:00 Europe/Berlin\"; days and zone may be "
	"left out."),
    M("invalid_user", invalid_user, BOOL,
	"true: only names of users that do not exist."),
    M("by_grant", by_grant, BOOL,
	"true: while a grant for a time (grants_directory) holds, for this "
	"user "
	"and this rule. In rules only."),
    GM("method", methods, STRINGS,
	"Authentication methods used, patterns. Guards only."),
    GM("key_type", key_types, STRINGS,
	"Types of the key used, patterns. Guards only."),
    GM("key_source", key_sources, STRINGS,
	"Name of the key source that had the key, patterns. Guards only."),
    GM("key_ca", key_cas, FINGERPRINTS,
	"SHA256 fingerprint of the authority that certified the key, patterns. "
	"Guards only."),
    GM("principal", principals, STRINGS,
	"The Kerberos principal that came in, \"user@REALM\", patterns. Guards "
	"only."),
    GM("realm", realms, STRINGS,
	"The realm of that principal, patterns. Guards only."),
    GM("delegated", delegated, BOOL,
	"true: only logins whose client has delegated Kerberos tickets. Guards "
	"only."),

/* ---- a test ---- */
#include "config/policy/test_rows.h"

/* ---- what it grants ---- */
#include "config/policy/grants.h"
};
/* clang-format on */

const size_t option_count = sizeof(options) / sizeof(options[0]);
