/*
 * The grants, one row each, in the order of the man page:
 *
 *	GRANT(name, type, smallest, largest, flags, default, words, tightening,
 *	    forced, file, help)
 *
 * type: OPTION_... of config/options.h.  words: of a CHOICE, else NULL.
 * default: IS(text as it would be written), or TOP(member of struct config)
 * where a top-level key holds for rules that set nothing.  tightening:
 * TIGHTEN_..., how a guard's value is joined to what a rule grants.  forced:
 * OFF where a forced command switches the grant off unless the same rule
 * grants it, else KEEP.  file: the one that enforces the grant, which
 * tests/lint/grants holds against its text.
 *
 * Loader, member of struct grants, defaults, tightening, layers, show,
 * explain, man page and the tests that walk all grants come from these rows.
 * The includer defines GRANT(); it is undefined at the end.
 */
/* clang-format off */

/* ---- who authenticates how ---- */
GRANT(refuse, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "config/policy/decide.c",
    "Refuse whoever matches.")
GRANT(allow_users, LOGINS, 0, 1024, JOINS, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/enter.c",
    "Patterns of the users that may enter, as sshd's AllowUsers: \"bob\", "
    "\"adm-*\", \"ann@10.0.0.0/8,!10.9.0.0/16\".")
GRANT(deny_users, LOGINS, 0, 1024, JOINS, IS("[]"), NULL, LAYER, KEEP,
    "config/policy/enter.c",
    "Patterns of users that may not, likewise. A guard adds its list. In "
    "all four lists check warns of names that do not exist.")
GRANT(allow_groups, GROUPS, 0, 1024, JOINS, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/enter.c",
    "Patterns of the groups, one of which a user must be in.")
GRANT(deny_groups, GROUPS, 0, 1024, JOINS, IS("[]"), NULL, LAYER, KEEP,
    "config/policy/enter.c",
    "Patterns of groups whose members may not enter. A guard adds its list.")
GRANT(methods, CHAINS, 0, 32, 0, IS("[]"), NULL, NEVER, KEEP,
    "config/policy/compose.c",
    "Chains of methods, any one of which authenticates: [ \"publickey\", "
    "\"password,keyboard-interactive\" ]. A step may name the module that "
    "serves it and the module's parameter: \"keyboard-interactive:pam/otp\".")
GRANT(publickey, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/compose.c",
    "false: chains with this method do not count; as are the four that "
    "follow.")
GRANT(password, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/compose.c",
    "The method password.")
GRANT(keyboard_interactive, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/compose.c",
    "The method keyboard-interactive.")
GRANT(gssapi, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/compose.c",
    "The methods gssapi-with-mic and gssapi-keyex.")
GRANT(hostbased, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/compose.c",
    "The method hostbased.")
GRANT(pam_service, NAME, 0, 0, NONE, IS("\"none\""), NULL, NEVER, KEEP,
    "modules/host/services.c",
    "The PAM service of whom this rule decides, for account, session and "
    "every step that names none; none: the service of the module's options.")
GRANT(max_auth_tries, NUMBER, 1, 100, 0, TOP(limits.max_auth_tries), NULL,
    SMALLER, KEEP, "daemon/monitor/auth_answer.c",
    "Failed credentials until the connection ends; without it "
    "limits.max_auth_tries.")
GRANT(guesses, NUMBER, 1, 1000, NONE, IS("\"none\""), NULL, NEVER, KEEP,
    "daemon/monitor/guess.c",
    "Wrong passwords and answers for one account, from all sources together, "
    "until no further ones are looked at; one more after each guess_every. "
    "Such a try fails as a wrong one does, also with the right password, and "
    "only the log says so (auth.limited). It never holds for a source that is "
    "known to the account (limits.penalties.known_days), behind a key or "
    "ticket that has been accepted in the same login, nor for methods without "
    "password or dialogue. none: as many as limits allow each source.")
GRANT(guess_every, TIME, 1, HOUR, 0, IS("60"), NULL, NEVER, KEEP,
    "daemon/monitor/guess.c",
    "How long until one more of guesses is looked at.")
GRANT(root_login, CHOICE, 0, 0, 0, IS("\"no\""), root_choices, SMALLER, KEEP,
    "config/policy/decide.c",
    "Whether uid 0 may enter by this rule: no, forced-command (with a key, "
    "into a forced command), prohibit-password (by no chain with a password "
    "or a dialogue in it), key (by no password alone), yes.")
GRANT(key_types, STRINGS, 0, 64, 0, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "Patterns of key and signature algorithms that a user's key may have.")
GRANT(key_sources, STRINGS, 0, 1024, JOINS, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "Patterns of the names of key sources that count.")
GRANT(key_cas, FINGERPRINTS, 0, 64, 0, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "SHA256 fingerprints of the authorities whose certificates count.")
GRANT(key_rsa_bits, NUMBER, 1024, 16384, 0, IS("2048"), NULL, LARGER, KEEP,
    "config/policy/may.c",
    "The smallest RSA key.")
GRANT(key_certificate, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "config/policy/may.c",
    "Certificates only, no plain keys.")
GRANT(key_touch, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "config/policy/may.c",
    "Keys on a security token need a touch, even one whose line says "
    "no-touch-required.")
GRANT(key_verify, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "config/policy/may.c",
    "Keys on a security token must have verified their user by PIN or "
    "biometry. key_types = [ \"sk-*\" ] lets no others in.")
GRANT(key_ca_algorithms, STRINGS, 0, 64, 0, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "Patterns of those crypto.ca_algorithms that an authority may have used.")
GRANT(key_revoked, STRINGS, 0, 64, 0, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "Patterns of the paths of those revocation lists of the publickey "
    "module that count. A guard adds its lists to the rule's.")
GRANT(principals, STRINGS, 0, 64, 0, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "Patterns of the Kerberos principals, \"user@REALM\", that may enter "
    "with a ticket: \"*@EXAMPLE.COM\". Which of them may enter as which "
    "user the module gssapi judges besides.")
GRANT(delegation, BOOL, 0, 0, 0, IS("false"), NULL, FALSE, OFF,
    "daemon/monitor/delegated.c",
    "Take the Kerberos tickets that a client delegates (ssh -K), put them into "
    "a credential cache of the user's before the session opens, and name that "
    "in KRB5CCNAME.")
GRANT(keep_delegated, BOOL, 0, 0, 0, IS("false"), NULL, FALSE, KEEP,
    "daemon/monitor/delegated.c",
    "Leave that cache when the connection ends, for what runs on; it is "
    "removed otherwise.")
GRANT(renew_delegated, BOOL, 0, 0, 0, IS("false"), NULL, FALSE, KEEP,
    "daemon/monitor/delegated.c",
    "Let tickets that the client delegates in a later key exchange by GSS-API "
    "take the place of what is in that cache, if they are of the principal "
    "that has logged in: at most once in ten seconds. Needs delegation and "
    "kerberos.key_exchange.")
GRANT(times, TIMES, 0, 64, 0, IS("[\"00:00-24:00\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "When logins and new sessions are allowed; a session ends with the "
    "window.")
GRANT(banner, PATH, 0, 0, NONE, TOP(banner), NULL, NEVER, KEEP,
    "daemon/monitor/auth_answer.c",
    "A file whose text is shown before authentication, or none; without it "
    "the banner at the top level.")

GRANT(consent_file, PATH, 0, 0, NONE, IS("\"none\""), NULL, UNSET, KEEP,
    "daemon/monitor/auth_finish.c",
    "A file of root's, of at most 8192 bytes, whose text is shown when all else "
    "has been proven, before access is granted. With consent_require the user "
    "must type \"yes\" beneath it, as a round of keyboard-interactive whatever "
    "the methods were; without it the text is shown as a banner, and the login "
    "goes on. The log has the SHA-256 of the file, so that it can be told which "
    "text was agreed to. This key and the next may be written as a group: "
    "consent = { file = \"/etc/sallyport/consent.txt\"; require = true; }.")
GRANT(consent_require, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/auth_finish.c",
    "Let nobody in who does not agree to the text of consent_file: another "
    "answer is a failure as a wrong password is, and what cannot be read, or is "
    "not set, refuses. A client that cannot ask its user is not let in: ssh -o "
    "BatchMode=yes, and scp, sftp or rsync by a program. ssh -T, scp and sftp at "
    "a terminal ask. Give machines a rule of their own, and let a guard that "
    "requires consent not match them. Connections that share another "
    "(ControlMaster) are not asked again, nor is sallyportctl selftest.")

/* ---- what a session may be ---- */
GRANT(pty, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, OFF,
    "daemon/monitor/on_session.c",
    "Terminals.")
GRANT(shell, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/start.c",
    "Login shells.")
GRANT(exec, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/start.c",
    "Commands.")
GRANT(subsystems, STRINGS, 0, 64, JOINS, IS("[\"*\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "Patterns of the names of subsystems.")
GRANT(subsystem_commands, COMMANDS, 0, 64, JOINS, IS("[]"), NULL, NEVER, KEEP,
    "config/policy/may.c",
    "Commands of subsystems, NAME=command, that go before those at the top "
    "level; \"internal\" for sftp.")
GRANT(command, STRING, 1, 4096, NONE, IS("\"none\""), NULL, SAME, KEEP,
    "config/policy/start.c",
    "A command that runs whatever the client asks, even where shell, exec "
    "or subsystems would refuse it; one of an overlay only where that same "
    "overlay does. SSH_ORIGINAL_COMMAND tells what that was (of a "
    "subsystem its program, internal-sftp for the internal one). "
    "It goes before the command of a key line or a certificate, which never "
    "runs for a refused request, and not at all where exec is false. "
    "Forwarding, agent, X11, tunnels, terminal and delegation are then off "
    "unless the same rule grants them.")
GRANT(command_restricts, BOOL, 0, 0, 0, IS("true"), NULL, NEVER, KEEP,
    "config/policy/compose.c",
    "Whether command and sftp_only switch that off; false: they forbid "
    "nothing else, as sshd's ForceCommand.")
GRANT(sftp_only, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "config/policy/start.c",
    "Nothing but the internal sftp server, whatever subsystems say of sftp; "
    "otherwise as command.")
GRANT(sftp_start, HOME_PATH, 0, 0, NONE, IS("\"none\""), NULL, NEVER, KEEP,
    "daemon/monitor/spawn.c",
    "Directory in which sftp starts, inside the chroot if there is one; %h "
    "%u %U are replaced. none: the home directory.")
GRANT(sftp_umask, MODE, 0, 0777, NONE, IS("\"none\""), NULL, BITS_OR, KEEP,
    "daemon/monitor/spawn.c",
    "The internal sftp server's umask; none: as any session.")
GRANT(sftp_read_only, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/spawn.c",
    "sftp refuses every change: the internal server takes the place of any "
    "other, as it does for sftp_start and sftp_umask. It binds sftp alone: "
    "switch shell and exec off, too.")
GRANT(sftp_without_shell, BOOL, 0, 0, 0, IS("false"), NULL, FALSE, KEEP,
    "config/policy/start.c",
    "Serve the internal sftp to accounts whose shell lets nobody run one "
    "(nologin, false, git-shell and the like), which sshd refuses where the "
    "subsystem is a program. sftp_only and a forced internal-sftp do so, "
    "too.")
GRANT(chroot, HOME_PATH, 0, 0, NONE, IS("\"none\""), NULL, SAME, KEEP,
    "daemon/monitor/spawn.c",
    "New root directory, with %h (home), %u (user), %U (uid), %%. It and "
    "all above it must be root's and writable by nobody else.")
GRANT(accept_env, STRINGS, 0, 64, JOINS,
    IS("[\"LANG\", \"LC_*\", \"COLORTERM\", \"NO_COLOR\"]"), NULL, LAYER, KEEP,
    "config/policy/may.c",
    "Patterns of variables that clients may set; LD_* and the like never.")
GRANT(set_env, SETENV, 0, 64, 0, IS("[]"), NULL, NEVER, KEEP,
    "daemon/monitor/environment.c",
    "Variables to set, NAME=value.")
GRANT(user_rc, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "daemon/monitor/on_session.c",
    "Run the user's ~/.ssh/rc.")
GRANT(expose_auth, BOOL, 0, 0, 0, IS("false"), NULL, NEVER, KEEP,
    "daemon/monitor/spawn.c",
    "Tell the session in a file, named by SSH_USER_AUTH, how it was "
    "authenticated.")
GRANT(expose_connection, BOOL, 0, 0, 0, IS("false"), NULL, NEVER, KEEP,
    "daemon/monitor/environment.c",
    "Tell the session in SALLYPORT_CONN_ID the connection's number, by "
    "which the log has it.")
GRANT(hang_up, CHOICE, 0, 0, 0, IS("\"terminals\""), hang_up_choices, LARGER,
    KEEP, "daemon/monitor/spawn.c",
    "Which programs are hung up (SIGHUP) when their client is lost or "
    "closes their channel: those on terminals, as with sshd, or all.  The "
    "end of a connection by policy or by sallyportctl hangs up all.")
GRANT(reset_input, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/spawn.c",
    "Give shells and commands without a terminal a socket as standard "
    "input: if the client is lost before it has sent the end of its input, "
    "reading fails (ECONNRESET) instead of ending, so that \"gzip >tmp && "
    "mv tmp final\" publishes nothing that is cut short.  Programs cannot "
    "open /dev/stdin then, as they can with sshd.")

/* ---- recording ---- */
GRANT(record_pty, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/recording.c",
    "Record every channel with a terminal, whatever runs on it: what it shows, "
    "its sizes and how it ends. The recordings.directory has the files. This "
    "key and the others of its kind may be written as a group: record = { "
    "pty = true; required = true; }.")
GRANT(record_exec, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/recording.c",
    "Record every shell, command and subsystem without a terminal that is a "
    "program: standard output and error. The internal sftp and forwarding are "
    "not recorded; the log tells of them. The client chooses whether it has a "
    "terminal: with one of record_pty and record_exec alone it is not recorded "
    "if it chooses the other, and sallyportctl check warns of that.")
GRANT(record_input, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/recording.c",
    "Record what the client sends, too. On a terminal that does not echo "
    "(a password's prompt, but also an editor or a shell with line editing, "
    "which show what is typed themselves) it is counted only: a piece is "
    "written if the terminal echoed both before and after it was passed on.")
GRANT(record_required, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/recording.c",
    "Refuse what cannot be recorded, and end a channel whose recording fails "
    "or reaches record_max_size. false: it goes on unrecorded, and the log "
    "says so.")
GRANT(record_notice, STRING, 1, 900, NONE, IS("\"none\""), NULL, UNSET, KEEP,
    "daemon/monitor/on_session.c",
    "A text for the user before a program starts that is recorded; without a "
    "terminal on standard error.")
GRANT(record_max_size, SIZE, 65536, 1ULL << 44, 0, IS("\"1024G\""), NULL,
    SMALLER, KEEP, "daemon/monitor/recording.c",
    "The largest file of one recording.")
GRANT(record_idle, TIME, 1, DAY, NONE, IS("\"none\""), NULL, NEVER, KEEP,
    "daemon/monitor/recording_file.c",
    "How long a pause players show at most (asciicast's idle_time_limit); the "
    "recording itself has every moment.")

/* ---- forwarding ---- */
GRANT(forwarding, BOOL, 0, 0, 0, IS("true"), NULL, FALSE, KEEP,
    "config/policy/compose.c",
    "false: no forwarding of any kind, no agent, X11 or tunnel, whatever "
    "the keys below say.")
GRANT(tcp_forward, CHOICE, 0, 0, 0, IS("\"yes\""), tcp_choices, BITS_AND, KEEP,
    "config/policy/compose.c",
    "Which of local_forward and remote_forward count.")
GRANT(local_forward, TARGETS, 0, 256, 0, IS("[]"), NULL, LAYER, OFF,
    "config/policy/forward.c",
    "Where clients may connect to through the server (ssh -L, -D, -W, -J): "
    "\"host:port\", \"10.0.0.0/8:*\", \"*.example.com:443\", \"*:*\".  "
    "Networks, addresses and patterns of digits, dots and wildcards "
    "(\"10.1.*:22\") are about addresses: a name is looked up, and only "
    "those of its addresses are tried that every list permits.  Other "
    "patterns are about names as the client gives them, wherever these "
    "lead.  \"=host:port\" is the text that the client gives and nothing "
    "else, as with sshd's PermitOpen.")
GRANT(remote_forward, TARGETS, 0, 256, 0, IS("[]"), NULL, LAYER, OFF,
    "config/policy/forward.c",
    "Where clients may listen on the server (ssh -R): \"localhost:8080\", "
    "\"*:1024-65535\".  Judged are the addresses that the client asks for "
    "and those that gateway_ports makes of them; \"localhost\" is the "
    "loopback addresses, \"0.0.0.0\" and \"[::]\" are all of a family, and "
    "those that are not permitted are left out.  \"=host:port\" is a "
    "pattern for the text that the client gives, as with sshd's "
    "PermitListen.  A port that the client leaves to the server is 0.")
GRANT(gateway_ports, CHOICE, 0, 0, 0, IS("\"no\""), gateway_choices, SMALLER,
    KEEP, "config/policy/forward.c",
    "On which addresses remote forwards listen: no, loopback only; client, "
    "where the client asks; yes, on all.")
GRANT(unix_local, STRINGS, 0, 64, 0, IS("[]"), NULL, LAYER, OFF,
    "config/policy/forward.c",
    "Patterns of UNIX sockets that clients may connect to (ssh -L).  They "
    "are held against the real path of the socket, all symbolic links, "
    "\".\" and \"..\" followed: \"/run/app.sock\", and not "
    "\"/var/run/app.sock\" where /var/run is a link, which check refuses.  "
    "In a chroot these are paths inside; it needs no /proc there unless "
    "sallyportd may not mount (CAP_SYS_ADMIN).")
GRANT(unix_remote, STRINGS, 0, 64, 0, IS("[]"), NULL, LAYER, OFF,
    "config/policy/forward.c",
    "Patterns of UNIX sockets that clients may listen on (ssh -R), "
    "likewise: the real path of the directory, and the socket's name in "
    "it.  Nothing that has this name already is followed or replaced, but "
    "for unix_unlink.")
GRANT(unix_mask, MODE, 0, 0777, 0, IS("\"0177\""), NULL, BITS_OR, KEEP,
    "daemon/monitor/on_unix.c",
    "The umask of UNIX sockets that clients listen on.")
GRANT(unix_unlink, BOOL, 0, 0, 0, IS("false"), NULL, FALSE, KEEP,
    "daemon/monitor/on_unix.c",
    "Remove a UNIX socket that is in the way of a new one.")
GRANT(agent, BOOL, 0, 0, 0, IS("false"), NULL, FALSE, OFF,
    "daemon/monitor/on_forward.c",
    "Agent forwarding.")
GRANT(x11, BOOL, 0, 0, 0, IS("false"), NULL, FALSE, OFF,
    "daemon/monitor/on_forward.c",
    "X11 forwarding; the server listens on loopback only.")
GRANT(x11_display_offset, NUMBER, 0, 1000, 0, TOP(x11_display_offset), NULL,
    NEVER, KEEP, "daemon/monitor/on_forward.c",
    "First display number that X11 forwarding uses; without it the "
    "x11_display_offset at the top level.")
GRANT(tun, CHOICE, 0, 0, 0, IS("\"no\""), tun_choices, BITS_AND, OFF,
    "daemon/monitor/on_forward.c",
    "Tunnel devices: no, point-to-point, ethernet, yes.")

/* ---- how much, how long ---- */
GRANT(max_sessions, NUMBER, 0, 65536, 0, IS("10"), NULL, SMALLER, KEEP,
    "daemon/monitor/on_session.c",
    "Sessions at once in one connection; 0 leaves forwarding alone.")
GRANT(max_user_sessions, NUMBER, 0, 65536, NONE, IS("\"none\""), NULL, SMALLER,
    KEEP, "daemon/monitor/on_session.c",
    "Sessions at once of one user, in all connections.")
GRANT(idle_timeout, TIME, 1, YEAR, NONE, IS("\"none\""), NULL, SMALLER, KEEP,
    "daemon/monitor/login.c",
    "End a connection whose user has sent nothing for so long. What a "
    "terminal shows by itself does not count; a transfer does.")
GRANT(unused_timeout, TIME, 1, YEAR, NONE, IS("\"none\""), NULL, SMALLER, KEEP,
    "daemon/monitor/login.c",
    "End a connection that has had no open channel for so long.")
GRANT(channel_timeouts, CHANNELS, 0, 64, 0, IS("[]"), NULL, LAYER, KEEP,
    "config/policy/channel.c",
    "Close channels that were silent for so long: \"direct-tcpip=10m\". "
    "Kinds are session (or session:shell, session:command, "
    "session:subsystem:NAME), direct-tcpip, direct-streamlocal@openssh.com, "
    "forwarded-tcpip, forwarded-streamlocal@openssh.com, agent-connection, "
    "x11-connection, tun-connection; wildcards allowed. The first that fits "
    "counts; 0 is never. \"global\" closes all when none had traffic for so "
    "long.")
GRANT(max_session_time, TIME, 1, YEAR, NONE, IS("\"none\""), NULL, SMALLER,
    KEEP, "daemon/monitor/login.c",
    "End a connection after so long.")
GRANT(on_change, GRACE, 0, CONFIG_NONE, 0, IS("\"ignore\""), NULL, SMALLER, KEEP,
    "daemon/monitor/recheck.c",
    "What becomes of an open connection that the policy would not let in "
    "again: close ends it, grace 5m ends it after that time, ignore lets it "
    "go on. Open connections are judged anew after a reload, when a "
    "revocation list has changed, so often as recheck_interval says, and by "
    "sallyportctl recheck: with what they came in with and with the user's "
    "account, groups and revocation lists as they are then. Of a rule that "
    "holds by_grant, and sets nothing else, it is close. The user's "
    "terminals are told. What is not known (a directory that does not "
    "answer, a list that cannot be read) ends no connection; the log has it.")
GRANT(until_certificate_ends, BOOL, 0, 0, 0, IS("false"), NULL, TRUE, KEEP,
    "daemon/monitor/login.c",
    "End a connection when the certificate that opened it is valid no more; "
    "of several the first.")
GRANT(warn_before, TIME, 0, HOUR, 0, IS("60"), NULL, NEVER, KEEP,
    "daemon/monitor/login.c",
    "How long before an end by time (max_session_time, times, idle_timeout, "
    "channel_timeouts, on_change, until_certificate_ends) terminals are told; of the last two half of their "
    "time at most.")
GRANT(keepalive_interval, TIME, 1, DAY, NONE, IS("\"none\""), NULL, SMALLER,
    KEEP, "daemon/monitor/login.c",
    "Ask a silent client whether it is there, so often, and end the "
    "connection when it does not answer: also one whose computer sleeps, "
    "which is told why if it wakes within half an hour. Without it TCP's "
    "own keepalive finds dead peers (tcp_keepalive).")
GRANT(keepalive_count, NUMBER, 1, 1000, NONE, IS("3"), NULL, SMALLER, KEEP,
    "daemon/monitor/close.c",
    "End the connection after so many unanswered ones; none: never.")
GRANT(rekey_bytes, SIZE, 65536, 1ULL << 36, 0, TOP(crypto.rekey_bytes), NULL,
    SMALLER, KEEP, "daemon/monitor/login.c",
    "New keys after so many bytes in either direction, once logged in; "
    "without it crypto.rekey_bytes.")
GRANT(rekey_seconds, TIME, 1, 7 * DAY, NONE, TOP(crypto.rekey_seconds), NULL,
    SMALLER, KEEP, "daemon/monitor/login.c",
    "New keys after so much time, once logged in; without it "
    "crypto.rekey_seconds.")
GRANT(ip_qos_interactive, CHOICE, 0, 0, 0, TOP(ip_qos_interactive),
    qos_choices, NEVER, KEEP, "daemon/monitor/login.c",
    "DSCP class of a connection with a terminal, once logged in; without it "
    "the ip_qos_interactive at the top level.")
GRANT(ip_qos_bulk, CHOICE, 0, 0, 0, TOP(ip_qos_bulk), qos_choices, NEVER, KEEP,
    "daemon/monitor/login.c",
    "DSCP class of a connection without a terminal, once logged in; without "
    "it the ip_qos_bulk at the top level.")
GRANT(log_level, CHOICE, 0, 0, 0, TOP(log.level), level_choices, NEVER, KEEP,
    "daemon/monitor/login.c",
    "How much of this connection the log holds, from the user's name on; "
    "without it log.level, or what sallyportctl log-level says.")

#undef GRANT
/* clang-format on */
