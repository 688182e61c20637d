/*
 * Grants of a rule: the rows of config/options.c's table that are about it,
 * in the order of the man page.  Included there and nowhere else.
 */
/* clang-format off: one key, one paragraph */
G(refuse, BOOL, 0, 0, 0, "false", NULL, TRUE, "Refuse whoever matches."),
    G(allow_users, LOGINS, 0, 1024, JOINS, "[\"*\"]", NULL, LAYER,
	"Patterns of the users that may enter, as sshd's AllowUsers: \"bob\", "
	"\"adm-*\", \"ann@10.0.0.0/8,!10.9.0.0/16\"."),
    G(deny_users, LOGINS, 0, 1024, JOINS, "[]", NULL, LAYER,
	"Patterns of users that may not, likewise. A guard adds its list."),
    G(allow_groups, GROUPS, 0, 1024, JOINS, "[\"*\"]", NULL, LAYER,
	"Patterns of the groups, one of which a user must be in."),
    G(deny_groups, GROUPS, 0, 1024, JOINS, "[]", NULL, LAYER,
	"Patterns of groups whose members may not enter. A guard adds its "
	"list."),
    G(methods, CHAINS, 0, 32, 0, "[]", NULL, NEVER,
	"Chains of methods, any one of which authenticates: [ \"publickey\", "
	"\"password,keyboard-interactive\" ]. A step may name the module that "
	"serves it and the module's parameter: "
	"\"keyboard-interactive:pam/otp\"."),
    G(publickey, BOOL, 0, 0, 0, "true", NULL, FALSE,
	"false: chains with this method do not count; as are the four that "
	"follow."),
    G(password, BOOL, 0, 0, 0, "true", NULL, FALSE, "The method password."),
    G(keyboard_interactive, BOOL, 0, 0, 0, "true", NULL, FALSE,
	"The method keyboard-interactive."),
    G(gssapi, BOOL, 0, 0, 0, "true", NULL, FALSE,
	"The method gssapi-with-mic."),
    G(hostbased, BOOL, 0, 0, 0, "true", NULL, FALSE, "The method hostbased."),
    G(pam_service, NAME, 0, 0, NONE, "\"none\"", NULL, NEVER,
	"The PAM service of whom this rule decides, for account, session and "
	"every step that names none; none: the service of the module's "
	"options."),
    G(max_auth_tries, NUMBER, 1, 100, 0, NULL, NULL, SMALLER,
	"Failed credentials until the connection ends; without it "
	"limits.max_auth_tries."),
    G(root_login, CHOICE, 0, 0, 0, "\"no\"", root_choices, SMALLER,
	"Whether uid 0 may enter by this rule: no, forced-command (with a key, "
	"into a forced command), prohibit-password (by no chain with a "
	"password "
	"or a dialogue in it), key (by no password alone), yes."),
    G(key_types, STRINGS, 0, 64, 0, "[\"*\"]", NULL, LAYER,
	"Patterns of key and signature algorithms that a user's key may have."),
    G(key_sources, STRINGS, 0, 1024, JOINS, "[\"*\"]", NULL, LAYER,
	"Patterns of the names of key sources that count."),
    G(key_cas, FINGERPRINTS, 0, 64, 0, "[\"*\"]", NULL, LAYER,
	"SHA256 fingerprints of the authorities whose certificates count."),
    G(key_rsa_bits, NUMBER, 1024, 16384, 0, "2048", NULL, LARGER,
	"The smallest RSA key."),
    G(key_certificate, BOOL, 0, 0, 0, "false", NULL, TRUE,
	"Certificates only, no plain keys."),
    G(key_touch, BOOL, 0, 0, 0, "false", NULL, TRUE,
	"Keys on a security token need a touch, even one whose line says "
	"no-touch-required."),
    G(key_verify, BOOL, 0, 0, 0, "false", NULL, TRUE,
	"Keys on a security token must have verified their user by PIN or "
	"biometry. key_types = [ \"sk-*\" ] lets no others in."),
    G(key_ca_algorithms, STRINGS, 0, 64, 0, "[\"*\"]", NULL, LAYER,
	"Patterns of those crypto.ca_algorithms that an authority may have "
	"used."),
    G(key_revoked, STRINGS, 0, 64, 0, "[\"*\"]", NULL, LAYER,
	"Patterns of the paths of those revocation lists of the publickey "
	"module that count. A guard adds its lists to the rule's."),
    G(principals, STRINGS, 0, 64, 0, "[\"*\"]", NULL, LAYER,
	"Patterns of the Kerberos principals, \"user@REALM\", that may enter "
	"with a ticket: \"*@EXAMPLE.COM\". Which of them may enter as which "
	"user the module gssapi judges besides."),
    G(times, TIMES, 0, 64, 0, "[\"00:00-24:00\"]", NULL, LAYER,
	"When logins and new sessions are allowed; a session ends with the "
	"window."),
    G(banner, PATH, 0, 0, NONE, NULL, NULL, NEVER,
	"A file whose text is shown before authentication, or none; without it "
	"the banner at the top level."),
    G(pty, BOOL, 0, 0, 0, "true", NULL, FALSE, "Terminals."),
    G(shell, BOOL, 0, 0, 0, "true", NULL, FALSE, "Login shells."),
    G(exec, BOOL, 0, 0, 0, "true", NULL, FALSE, "Commands."),
    G(subsystems, STRINGS, 0, 64, JOINS, "[\"*\"]", NULL, LAYER,
	"Patterns of the names of subsystems."),
    G(subsystem_commands, COMMANDS, 0, 64, JOINS, "[]", NULL, NEVER,
	"Commands of subsystems, NAME=command, that go before those at the "
	"top level; \"internal\" for sftp."),
    G(command, STRING, 1, 4096, NONE, "\"none\"", NULL, SAME,
	"A command that runs whatever the client asks, even where shell, exec "
	"or subsystems would refuse it; SSH_ORIGINAL_COMMAND tells what that "
	"was (of a subsystem its program, internal-sftp for the internal one). "
	"It goes before the command of a key line or a certificate, which "
	"never runs for a refused request, and not at all where exec is false. "
	"Forwarding, agent, X11, tunnels and terminal are "
	"then off unless the same rule grants them."),
    G(command_restricts, BOOL, 0, 0, 0, "true", NULL, NEVER,
	"Whether command and sftp_only switch that off; false: they forbid "
	"nothing else, as sshd's ForceCommand."),
    G(sftp_only, BOOL, 0, 0, 0, "false", NULL, TRUE,
	"Nothing but the internal sftp server, whatever subsystems say of "
	"sftp; otherwise as command."),
    G(sftp_start, HOME_PATH, 0, 0, NONE, "\"none\"", NULL, NEVER,
	"Directory in which sftp starts, inside the chroot if there is one; %h "
	"%u %U are replaced. none: the home directory."),
    G(sftp_umask, MODE, 0, 0777, NONE, "\"none\"", NULL, BITS_OR,
	"The internal sftp server's umask; none: as any session."),
    G(sftp_read_only, BOOL, 0, 0, 0, "false", NULL, TRUE,
	"sftp refuses every change: the internal server takes the place of "
	"any other, as it does for sftp_start and sftp_umask. It binds sftp "
	"alone: switch shell and exec off, too."),
    G(sftp_without_shell, BOOL, 0, 0, 0, "false", NULL, FALSE,
	"Serve the internal sftp to accounts whose shell lets nobody run one "
	"(nologin, false, git-shell and the like), which sshd refuses where "
	"the subsystem is a program. sftp_only and a forced internal-sftp do "
	"so, too."),
    G(chroot, HOME_PATH, 0, 0, NONE, "\"none\"", NULL, SAME,
	"New root directory, with %h (home), %u (user), %U (uid), %%. It and "
	"all above it must be root's and writable by nobody else."),
    G(accept_env, STRINGS, 0, 64, JOINS,
	"[\"LANG\", \"LC_*\", \"COLORTERM\", \"NO_COLOR\"]", NULL, LAYER,
	"Patterns of variables that clients may set; LD_* and the like never."),
    G(set_env, SETENV, 0, 64, 0, "[]", NULL, NEVER,
	"Variables to set, NAME=value."),
    G(user_rc, BOOL, 0, 0, 0, "true", NULL, FALSE, "Run the user's ~/.ssh/rc."),
    G(expose_auth, BOOL, 0, 0, 0, "false", NULL, NEVER,
	"Tell the session in a file, named by SSH_USER_AUTH, how it was "
	"authenticated."),
    G(expose_connection, BOOL, 0, 0, 0, "false", NULL, NEVER,
	"Tell the session in SALLYPORT_CONN_ID the connection's number, by "
	"which the log has it."),
    G(hang_up, CHOICE, 0, 0, 0, "\"terminals\"", hang_up_choices, LARGER,
	"Which programs are hung up (SIGHUP) when their client is lost or "
	"closes their channel: those on terminals, as with sshd, or all.  The "
	"end of a connection by policy or by sallyportctl hangs up all."),
    G(reset_input, BOOL, 0, 0, 0, "false", NULL, TRUE,
	"Give shells and commands without a terminal a socket as standard "
	"input: if the client is lost before it has sent the end of its "
	"input, reading fails (ECONNRESET) instead of ending, so that "
	"\"gzip >tmp && mv tmp final\" publishes nothing that is cut short.  "
	"Programs cannot open /dev/stdin then, as they can with sshd."),
    G(forwarding, BOOL, 0, 0, 0, "true", NULL, FALSE,
	"false: no forwarding of any kind, no agent, X11 or tunnel, whatever "
	"the keys below say."),
    G(tcp_forward, CHOICE, 0, 0, 0, "\"yes\"", tcp_choices, BITS_AND,
	"Which of local_forward and remote_forward count."),
    G(local_forward, TARGETS, 0, 256, 0, "[]", NULL, LAYER,
	"Where clients may connect to through the server (ssh -L, -D, -W, -J): "
	"\"host:port\", \"10.0.0.0/8:*\", \"*.example.com:443\", \"*:*\".  "
	"Networks, addresses and patterns of digits, dots and wildcards "
	"(\"10.1.*:22\") are about addresses: a name is looked up, and only "
	"those of its addresses are tried that every list permits.  Other "
	"patterns are about names as the client gives them, wherever these "
	"lead.  \"=host:port\" is the text that the client gives and nothing "
	"else, as with sshd's PermitOpen."),
    G(remote_forward, TARGETS, 0, 256, 0, "[]", NULL, LAYER,
	"Where clients may listen on the server (ssh -R): \"localhost:8080\", "
	"\"*:1024-65535\".  Judged are the addresses that the client asks for "
	"and those that gateway_ports makes of them; \"localhost\" is the "
	"loopback addresses, \"0.0.0.0\" and \"[::]\" are all of a family, and "
	"those that are not permitted are left out.  \"=host:port\" is a "
	"pattern for the text that the client gives, as with sshd's "
	"PermitListen.  A port that the client leaves to the server is 0."),
    G(gateway_ports, CHOICE, 0, 0, 0, "\"no\"", gateway_choices, SMALLER,
	"On which addresses remote forwards listen: no, loopback only; client, "
	"where the client asks; yes, on all."),
    G(unix_local, STRINGS, 0, 64, 0, "[]", NULL, LAYER,
	"Patterns of UNIX sockets that clients may connect to (ssh -L).  They "
	"are held against the real path of the socket, all symbolic links, "
	"\".\" and \"..\" followed: \"/run/app.sock\", and not "
	"\"/var/run/app.sock\" where /var/run is a link, which check refuses.  "
	"In a chroot this needs /proc there."),
    G(unix_remote, STRINGS, 0, 64, 0, "[]", NULL, LAYER,
	"Patterns of UNIX sockets that clients may listen on (ssh -R), "
	"likewise: the real path of the directory, and the socket's name in "
	"it.  Nothing that has this name already is followed or replaced, but "
	"for unix_unlink."),
    G(unix_mask, MODE, 0, 0777, 0, "\"0177\"", NULL, BITS_OR,
	"The umask of UNIX sockets that clients listen on."),
    G(unix_unlink, BOOL, 0, 0, 0, "false", NULL, FALSE,
	"Remove a UNIX socket that is in the way of a new one."),
    G(agent, BOOL, 0, 0, 0, "false", NULL, FALSE, "Agent forwarding."),
    G(x11, BOOL, 0, 0, 0, "false", NULL, FALSE,
	"X11 forwarding; the server listens on loopback only."),
    G(x11_display_offset, NUMBER, 0, 1000, 0, NULL, NULL, NEVER,
	"First display number that X11 forwarding uses; without it the "
	"x11_display_offset at the top level."),
    G(tun, CHOICE, 0, 0, 0, "\"no\"", tun_choices, BITS_AND,
	"Tunnel devices: no, point-to-point, ethernet, yes."),
    G(max_sessions, NUMBER, 0, 65536, 0, "10", NULL, SMALLER,
	"Sessions at once in one connection; 0 leaves forwarding alone."),
    G(max_user_sessions, NUMBER, 0, 65536, NONE, "\"none\"", NULL, SMALLER,
	"Sessions at once of one user, in all connections."),
    G(idle_timeout, TIME, 1, YEAR, NONE, "\"none\"", NULL, SMALLER,
	"End a connection whose user has sent nothing for so long. What a "
	"terminal shows by itself does not count; a transfer does."),
    G(unused_timeout, TIME, 1, YEAR, NONE, "\"none\"", NULL, SMALLER,
	"End a connection that has had no open channel for so long."),
    G(channel_timeouts, CHANNELS, 0, 64, 0, "[]", NULL, LAYER,
	"Close channels that were silent for so long: \"direct-tcpip=10m\". "
	"Kinds are session (or session:shell, session:command, "
	"session:subsystem:NAME), direct-tcpip, "
	"direct-streamlocal@openssh.com, forwarded-tcpip, "
	"forwarded-streamlocal@openssh.com, agent-connection, x11-connection, "
	"tun-connection; wildcards allowed. The first that fits counts; 0 is "
	"never. \"global\" closes all when none had traffic for so long."),
    G(max_session_time, TIME, 1, YEAR, NONE, "\"none\"", NULL, SMALLER,
	"End a connection after so long."),
    G(warn_before, TIME, 0, HOUR, 0, "60", NULL, NEVER,
	"How long before an end by time (max_session_time, times, "
	"idle_timeout, channel_timeouts) terminals are told; of the last two "
	"half of their time at most."),
    G(keepalive_interval, TIME, 1, DAY, NONE, "\"none\"", NULL, SMALLER,
	"Ask a silent client whether it is there, so often, and end the "
	"connection when it does not answer: also one whose computer sleeps, "
	"which is told why if it wakes within half an hour. "
	"Without it TCP's own keepalive finds dead peers (tcp_keepalive)."),
    G(keepalive_count, NUMBER, 1, 1000, NONE, "3", NULL, SMALLER,
	"End the connection after so many unanswered ones; none: never."),
    G(rekey_bytes, SIZE, 65536, 1ULL << 36, 0, NULL, NULL, SMALLER,
	"New keys after so many bytes in either direction, once logged in; "
	"without it crypto.rekey_bytes."),
    G(rekey_seconds, TIME, 1, 7 * DAY, NONE, NULL, NULL, SMALLER,
	"New keys after so much time, once logged in; without it "
	"crypto.rekey_seconds."),
    G(ip_qos_interactive, CHOICE, 0, 0, 0, NULL, qos_choices, NEVER,
	"DSCP class of a connection with a terminal, once logged in; without "
	"it the ip_qos_interactive at the top level."),
    G(ip_qos_bulk, CHOICE, 0, 0, 0, NULL, qos_choices, NEVER,
	"DSCP class of a connection without a terminal, once logged in; "
	"without it the ip_qos_bulk at the top level."),
    G(log_level, CHOICE, 0, 0, 0, NULL, level_choices, NEVER,
	"How much of this connection the log holds, from the user's name on; "
	"without it log.level, or what sallyportctl log-level says."),
