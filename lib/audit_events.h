/*
 * The catalogue of audit events; doc/AUDIT.md, the structures, the encoders
 * and the tests all come from it.  Codes are never reused.
 *
 *	E(event, code, dotted name, severity, outcome, ECS category, ECS type,
 *	  sentence)
 *
 * Severity: ERROR, WARNING, NOTICE, INFO, VERBOSE.  As a syslog severity
 * VERBOSE counts as info, and its sentence is written in the text format from
 * log level verbose on; the machine formats carry every event.
 *
 * Sentence: {field} is a field of the event, or of the envelope: src sport dst
 * dport user req uid rule gen conn pid.  <...> is written if every field named
 * in it is present; {?f} asks for f, {!f} for its absence, {=f:word} for a
 * value, without writing it; {+f} writes a number though it is 0.  {for} is
 * "[invalid user ]NAME", {who} "[authenticating |invalid |]user NAME " or
 * nothing, {guest} the same until login and nothing after it, {preauth}
 * " [preauth]" from the client's identification until login.  The fields no
 * sentence mentions follow at its end as " [conn=... name=value]"; where known
 * log watchers (fail2ban's sshd filter) anchor the end, {on} puts them into
 * " on conn=...,name=value", which those allow.  The sentences are OpenSSH's
 * where it has one.
 */
#ifndef LIB_AUDIT_EVENTS_H
#define LIB_AUDIT_EVENTS_H

/*
 * journald's MESSAGE_ID of an event: these digits, drawn once, and behind them
 * the code in eight.  As codes are never reused, neither are the ids.
 */
#define AUDIT_MESSAGE_ID "bd15ebad6c7f4ae4a9de2e23"

/* clang-format off */
#define AUDIT_EVENT_LIST(E) \
E(server_start, 1001, "server.start", NOTICE, SUCCESS, "process", "start", \
  "sallyport {version} starting") \
E(server_ready, 1002, "server.ready", NOTICE, SUCCESS, "process", "start", \
  "Server ready, configuration generation {gen}") \
E(server_stop, 1003, "server.stop", NOTICE, SUCCESS, "process", "end", \
  "Received signal {signal}; terminating.") \
E(server_adopt, 1004, "server.adopt", NOTICE, SUCCESS, "process", "info", \
  "Server took over <{count} >connections from process {process}") \
E(server_lost, 1005, "server.lost", ERROR, FAILURE, "process", "end", \
  "The server was killed: process {process} keeps its <{count} >connections") \
E(listener_open, 1010, "listener.open", INFO, SUCCESS, "network", "info", \
  "Server listening on {address} port {port}.") \
E(listener_close, 1011, "listener.close", VERBOSE, SUCCESS, "network", "info", \
  "Server no longer listening on {address} port {port}.") \
E(listener_error, 1012, "listener.error", ERROR, FAILURE, "network", "info", \
  "Bind to port {port} on {address} failed: {reason}.") \
E(config_reload_start, 1020, "config.reload.start", INFO, UNKNOWN, "configuration", "change", \
  "Received SIGHUP; restarting.") \
E(config_reload_ok, 1021, "config.reload.ok", NOTICE, SUCCESS, "configuration", "change", \
  "Configuration reloaded, generation {generation}") \
E(config_reload_rejected, 1022, "config.reload.rejected", ERROR, FAILURE, "configuration", "change", \
  "Configuration rejected, generation {gen} serves on: {reason}") \
E(config_trial_start, 1023, "config.trial.start", NOTICE, UNKNOWN, "configuration", "change", \
  "Configuration on trial<, loaded by {actor}>: {seconds} seconds are left to confirm it") \
E(config_trial_confirmed, 1024, "config.trial.confirmed", NOTICE, SUCCESS, "configuration", "change", \
  "Configuration confirmed<: {reason}>< by {actor}>") \
E(config_trial_over, 1025, "config.trial.over", WARNING, FAILURE, "configuration", "change", \
  "Configuration taken back: {reason}<, {actor}>") \
E(audit_heads, 1060, "audit.heads", INFO, SUCCESS, "process", "info", \
  "Records of {count} processes that have ended") \
E(audit_checkpoint, 1061, "audit.checkpoint", NOTICE, SUCCESS, "process", "info", \
  "Checkpoint of the log at record {number}<, not signed: {reason}>") \
E(module_load, 1030, "module.load", VERBOSE, SUCCESS, "process", "info", \
  "Module {module} loaded from {file}") \
E(module_reject, 1031, "module.reject", ERROR, FAILURE, "process", "info", \
  "Module {module} refused: {reason}") \
E(module_crash, 1032, "module.crash", ERROR, FAILURE, "process", "info", \
  "Module {module} ended its process<, signal {signal}><, in {call}>< ({detail})>") \
E(monitor_crash, 1033, "monitor.crash", ERROR, FAILURE, "process", "info", \
  "A monitor died<, signal {signal}><, in {call}>< ({detail})>") \
E(module_error, 1034, "module.error", ERROR, FAILURE, "process", "error", \
  "{module}: {line}") \
E(module_warning, 1035, "module.warning", WARNING, UNKNOWN, "process", "info", \
  "{module}: {line}") \
E(module_info, 1036, "module.info", INFO, UNKNOWN, "process", "info", \
  "{module}: {line}") \
E(module_detail, 1037, "module.detail", VERBOSE, UNKNOWN, "process", "info", \
  "{module}: {line}") \
E(hostkey_load, 1040, "hostkey.load", VERBOSE, SUCCESS, "configuration", "info", \
  "Host key {key_type} {fp} loaded from {file}") \
E(hostkey_error, 1041, "hostkey.error", ERROR, FAILURE, "configuration", "info", \
  "Unable to load host key {file}: {reason}") \
E(krl_error, 1051, "krl.error", ERROR, FAILURE, "configuration", "info", \
  "Revocation list {file} cannot be used: {reason}") \
E(log_drop, 1901, "log.drop", WARNING, FAILURE, "process", "info", \
  "{count} records were lost: {carrier} did not take them") \
E(audit_unavailable, 1902, "audit.unavailable", WARNING, FAILURE, "process", "info", \
  "Audit records cannot be written to {carrier}: {reason}") \
\
E(conn_open, 2001, "conn.open", VERBOSE, SUCCESS, "network", "connection,start", \
  "Connection from {src} port {sport} on {dst} port {dport} rdomain \"\"") \
E(conn_close, 2002, "conn.close", INFO, SUCCESS, "network", "connection,end", \
  "<{=how:closed}Connection closed by {guest}{src} port {sport}{on}{preauth}>" \
  "<{=how:reset}Connection reset by {who}{src} port {sport}{on}{preauth}>" \
  "<{=how:disconnected}Disconnected from {who}{src} port {sport}{on}{preauth}>" \
  "<{=how:disconnecting}Disconnecting {who}{src} port {sport}{on}: {cause}{preauth}>" \
  "<{=how:timeout}Connection with {who}{src} port {sport}{on} timed out<: {cause}>>" \
  "<{=how:failed}<{?cause}Connection with {who}{src} port {sport}{on} ended: {cause}><{!cause}Disconnected from {who}{src} port {sport}{on}{preauth}>>" \
  "<{=how:killed}Connection with {who}{src} port {sport}{on} ended<: {cause}>>") \
E(conn_refused, 2003, "conn.refused", INFO, FAILURE, "network", "denied", \
  "drop connection<{?count} #{count}> from [{src}]:{sport} on [{dst}]:{dport} {cause}") \
E(conn_disconnect, 2004, "conn.disconnect", INFO, UNKNOWN, "network", "info", \
  "<{=kind:error}error: >Received disconnect from {src} port {sport}:{code}: <{text}>{preauth}") \
E(conn_ident_bad, 2005, "conn.ident.bad", INFO, FAILURE, "network", "denied", \
  "banner exchange: Connection from {src} port {sport}: {reason}") \
E(conn_ident, 2006, "conn.ident", VERBOSE, SUCCESS, "network", "protocol", \
  "Remote protocol version 2.0, remote software version <{client}>") \
E(conn_ident_error, 2007, "conn.ident.error", ERROR, FAILURE, "network", "denied", \
  "<{?client}kex_exchange_identification: client sent invalid protocol identifier \"{client}\"><{!client}{reason}>") \
E(conn_proxied, 2008, "conn.proxied", VERBOSE, SUCCESS, "network", "connection,info", \
  "Connection from {src} port {sport} by balancer {proxy}<: to {address} port {port}>") \
E(conn_proxy_bad, 2009, "conn.proxy.bad", INFO, FAILURE, "network", "denied", \
  "Connection from balancer {src} port {sport} ended: {reason}") \
E(kex_ok, 2010, "kex.ok", VERBOSE, SUCCESS, "network", "protocol", \
  "Key exchange with {src} port {sport}: {kex}, {hostkey}, in {cipher_in}< {mac_in}>, out {cipher_out}< {mac_out}>") \
E(kex_fail, 2011, "kex.fail", WARNING, FAILURE, "network", "protocol", \
  "Unable to negotiate with {src} port {sport}: {reason}<. Their offer: {offer}>{preauth}") \
E(kex_rekey, 2012, "kex.rekey", VERBOSE, SUCCESS, "network", "protocol", \
  "Rekeyed with {src} port {sport}") \
E(kex_weak, 2013, "kex.weak", INFO, SUCCESS, "network", "protocol", \
  "Weak algorithms with {src} port {sport}: {reason}") \
E(kex_refused, 2014, "kex.refused", INFO, FAILURE, "network", "denied", \
  "Key exchange with {src} port {sport} refused: {reason}{preauth}") \
E(packet_length, 2022, "packet.length", INFO, FAILURE, "network", "denied", \
  "{reason}{preauth}") \
E(protocol_violation, 2020, "protocol.violation", WARNING, FAILURE, "network,intrusion_detection", "denied", \
  "ssh_dispatch_run_fatal: Connection from {who}{src} port {sport}: {reason}{preauth}") \
E(mac_fail, 2021, "mac.fail", WARNING, FAILURE, "network,intrusion_detection", "denied", \
  "ssh_dispatch_run_fatal: Connection from {who}{src} port {sport}: message authentication code incorrect{preauth}") \
E(penalty_add, 2030, "penalty.add", INFO, FAILURE, "intrusion_detection", "info", \
  "{network}: penalty of {seconds} seconds for {cause}") \
E(penalty_enforce, 2031, "penalty.enforce", INFO, FAILURE, "intrusion_detection", "denied", \
  "{network}: penalty in force for {seconds} seconds: {cause}") \
E(penalty_clear, 2032, "penalty.clear", INFO, SUCCESS, "intrusion_detection", "info", \
  "{network}: penalty cleared<: {cause}>") \
\
E(auth_ok, 3001, "auth.ok", INFO, SUCCESS, "authentication", "start", \
  "Accepted {method} for {user} from {src} port {sport} ssh2" \
  "<: {key_type} {fp}< ID {key_id} (serial {+serial}) CA {ca_type} {ca_fp}>><: {principal}>") \
E(auth_fail, 3002, "auth.fail", INFO, FAILURE, "authentication", "info", \
  "Failed {method} for {for} from {src} port {sport} ssh2<: {key_type} {fp}>") \
E(auth_unavailable, 3009, "auth.unavailable", ERROR, FAILURE, "authentication", "error", \
  "Could not check {method} for {for} from {src} port {sport} ssh2<: module {module} cannot tell>") \
E(auth_partial, 3003, "auth.partial", INFO, SUCCESS, "authentication", "info", \
  "Partial {method} for {for} from {src} port {sport} ssh2<: {key_type} {fp}>") \
E(auth_limited, 3012, "auth.limited", WARNING, FAILURE, "authentication,intrusion_detection", "denied", \
  "Secrets of {for} from {src} port {sport} are not looked at: too many guesses from unknown sources, the next in {seconds} seconds") \
E(auth_timeout, 3004, "auth.timeout", INFO, FAILURE, "authentication", "end", \
  "Timeout before authentication for connection from {src} to {dst}, pid = {process}") \
E(auth_abandoned, 3005, "auth.abandoned", VERBOSE, FAILURE, "authentication", "end", \
  "Authentication not completed by {who}{src} port {sport}<: {how}>") \
E(auth_maxtries, 3006, "auth.maxtries", ERROR, FAILURE, "authentication", "end", \
  "maximum authentication attempts exceeded for {for} from {src} port {sport} ssh2{on}{preauth}") \
E(auth_unknown_user, 3007, "auth.unknown_user", INFO, FAILURE, "authentication", "info", \
  "Invalid user {req} from {src} port {sport}{on}") \
E(auth_postponed, 3010, "auth.postponed", INFO, UNKNOWN, "authentication", "info", \
  "Postponed {method} for {for} from {src} port {sport} ssh2{preauth}") \
E(key_offered, 3011, "key.offered", VERBOSE, FAILURE, "authentication", "info", \
  "Failed {method} for {for} from {src} port {sport} ssh2: {key_type} {fp}" \
  "< ID {key_id} (serial {+serial}) CA {ca_type} {ca_fp}>") \
E(auth_none, 3008, "auth.none", VERBOSE, UNKNOWN, "authentication", "info", \
  "Methods asked for by {who}{src} port {sport}<: {next}>") \
E(key_accepted, 3101, "key.accepted", VERBOSE, SUCCESS, "authentication", "info", \
  "Accepted key {key_type} {fp} found at {source}") \
E(key_rejected, 3102, "key.rejected", INFO, FAILURE, "authentication", "info", \
  "Key {key_type} {fp} of {req} refused: {reason} (Connection from {src} port {sport})") \
E(keysource_slow, 3103, "keysource.slow", WARNING, UNKNOWN, "authentication", "info", \
  "Key source {source} for {for} took {duration_ms} ms") \
E(keysource_error, 3104, "keysource.error", WARNING, FAILURE, "authentication", "info", \
  "Key source {source} for {for} failed: {reason}") \
E(keyfile_refused, 3105, "keyfile.refused", INFO, FAILURE, "authentication", "info", \
  "Authentication refused: {reason}") \
E(keyline_bad, 3106, "keyline.bad", INFO, FAILURE, "authentication", "info", \
  "{source}: line grants nothing: {reason}") \
E(key_elsewhere, 3107, "key.elsewhere", INFO, FAILURE, "authentication", "info", \
  "{line}") \
E(key_refusal, 3108, "key.refusal", ERROR, FAILURE, "authentication", "info", \
  "{line}") \
E(cert_accepted, 3110, "cert.accepted", VERBOSE, SUCCESS, "authentication", "info", \
  "Accepted certificate ID \"{key_id}\" (serial {+serial}) signed by {ca_type} CA {ca_fp}< via {source}>") \
E(cert_rejected, 3111, "cert.rejected", INFO, FAILURE, "authentication", "info", \
  "Certificate ID \"{key_id}\" of {req}< from CA {ca_fp}> refused: {reason} (Connection from {src} port {sport})") \
E(cert_revoked, 3112, "cert.revoked", ERROR, FAILURE, "authentication", "info", \
  "Authentication key {key_type} {fp} revoked by file {source}") \
E(pam_result, 3201, "pam.result", VERBOSE, UNKNOWN, "authentication", "info", \
  "PAM service {service}, {phase} for {for}: {reason}, {duration_ms} ms") \
E(pam_denied, 3203, "pam.denied", INFO, FAILURE, "authentication", "info", \
  "fatal: Access denied for user {req} by PAM account configuration{preauth}") \
E(pam_error, 3204, "pam.error", ERROR, FAILURE, "authentication", "info", \
  "PAM: {reason} for <{?invalid}illegal user >{req} from {src}{on}") \
E(ticket_authorized, 3205, "ticket.authorized", INFO, SUCCESS, "authentication", "info", \
  "Authorized to {name}, krb5 principal {principal} ({source})") \
E(ticket_rejected, 3206, "ticket.rejected", INFO, FAILURE, "authentication", "info", \
  "Kerberos ticket< of {principal}> for {for} refused: {reason}") \
E(tickets_stored, 3207, "tickets.stored", VERBOSE, SUCCESS, "iam", "creation", \
  "Tickets delegated by {principal} are in {source}") \
E(tickets_lost, 3208, "tickets.lost", ERROR, FAILURE, "iam", "info", \
  "Tickets delegated by {principal} are lost: {reason}") \
E(password_change_required, 3210, "password.change.required", INFO, UNKNOWN, "iam", "change", \
  "Password of {for} must be changed") \
E(password_changed, 3211, "password.changed", NOTICE, SUCCESS, "iam", "change", \
  "Password of {for} was changed") \
E(password_change_refused, 3212, "password.change.refused", INFO, FAILURE, "iam", "change", \
  "Password of {for} was not changed<: {reason}>") \
E(consent_given, 3213, "consent.given", NOTICE, SUCCESS, "authentication", "info", \
  "{for} from {src} agreed to {file} ({digest})< as rule {rule} asks>") \
E(consent_refused, 3214, "consent.refused", NOTICE, FAILURE, "authentication", "info", \
  "{for} from {src} did not agree to {file}< ({digest})>< as rule {rule} asks>: {reason}") \
E(consent_shown, 3215, "consent.shown", INFO, UNKNOWN, "authentication", "info", \
  "{for} from {src} was shown {file} ({digest})< as rule {rule} asks>") \
E(hostbased_ok, 3411, "hostbased.ok", VERBOSE, SUCCESS, "authentication", "info", \
  "Accepted {key_type} host key {fp} of {target}@{host}") \
E(hostbased_fail, 3412, "hostbased.fail", INFO, FAILURE, "authentication", "info", \
  "Host key <{key_type} {fp} >of {target}@{host} refused: {reason} (Connection from {src} port {sport})") \
\
E(authz_allow, 4001, "authz.allow", VERBOSE, SUCCESS, "authentication,iam", "info", \
  "User {for} from {src} allowed by rule {rule}") \
E(grant_fault, 4012, "grant.fault", ERROR, FAILURE, "configuration", "info", \
  "Grant file {file} grants nothing: {reason}") \
E(authz_deny, 4003, "authz.deny", INFO, FAILURE, "authentication,iam", "info", \
  "User {req} from {src} not allowed because {as_sshd}{on}") \
E(authz_account, 4005, "authz.account", INFO, FAILURE, "authentication,iam", "info", \
  "User {req} not allowed because {reason}") \
E(login_refused, 4004, "login.refused", INFO, FAILURE, "authentication,iam", "info", \
  "Login of {req} refused: {reason}<; {remedy}> (Connection from {src} port {sport})") \
E(root_denied, 4010, "root.denied", NOTICE, FAILURE, "authentication,iam", "info", \
  "ROOT LOGIN REFUSED FROM {src} port {sport}") \
E(user_changed, 4015, "user.changed", WARNING, FAILURE, "authentication,iam", "info", \
  "{module} wanted to change the user {user} to {target}: refused") \
\
E(login, 5001, "login", VERBOSE, SUCCESS, "session", "start", \
  "Login of {user} from {src} port {sport}< on {tty}>") \
E(logout, 5002, "logout", VERBOSE, SUCCESS, "session", "end", \
  "Logout of {user} from {src} port {sport}< on {tty}><: {cause}>") \
E(session_open, 5101, "session.open", VERBOSE, SUCCESS, "session", "start", \
  "Session opened for {user} from {src} port {sport}, {duration_ms} ms") \
E(session_failed, 5102, "session.failed", ERROR, FAILURE, "session", "start", \
  "Session for {user} from {src} port {sport} could not be opened: {reason}") \
E(pty_alloc, 5110, "pty.alloc", VERBOSE, SUCCESS, "process", "start", \
  "Terminal {tty} for {user} from {src} port {sport} id {channel}") \
E(shell_start, 5111, "shell.start", VERBOSE, SUCCESS, "process", "start", \
  "Starting session: <{?forced}forced-command (config) '{command}'><{!forced}shell>< on {tty}> for {user} from {src} port {sport} id {channel}") \
E(exec_start, 5112, "exec.start", VERBOSE, SUCCESS, "process", "start", \
  "Starting session: <{?forced}forced-command (config) '{command}'><{!forced}command>< on {tty}> for {user} from {src} port {sport} id {channel}") \
E(subsystem_start, 5113, "subsystem.start", VERBOSE, SUCCESS, "process", "start", \
  "Starting session: subsystem '{subsystem}'< on {tty}> for {user} from {src} port {sport} id {channel}") \
E(process_exit, 5114, "process.exit", VERBOSE, SUCCESS, "process", "end", \
  "Close session: user {user} from {src} port {sport} id {channel}") \
E(start_denied, 5115, "start.denied", INFO, FAILURE, "process", "info", \
  "{kind} request<{?subsystem} for {subsystem}> by user {user} failed, {reason}") \
E(session_limit, 5116, "session.limit", ERROR, FAILURE, "process", "info", \
  "no more sessions") \
E(recording_start, 5117, "recording.start", INFO, SUCCESS, "session", "start", \
  "Recording of {user} from {src} port {sport} id {channel} started: {path}") \
E(recording_end, 5118, "recording.end", INFO, SUCCESS, "session", "end", \
  "Recording of {user} from {src} port {sport} id {channel} ended: {reason}") \
E(recording_failed, 5119, "recording.failed", ERROR, FAILURE, "session", "error", \
  "Recording of {user} from {src} port {sport} id {channel} failed: {reason}<{!required}; the session goes on unrecorded>") \
E(env_rejected, 5120, "env.rejected", VERBOSE, FAILURE, "session", "info", \
  "Environment of {user} from {src}: not accepted: {names}") \
E(idle_close, 5131, "idle.close", INFO, UNKNOWN, "session", "end", \
  "User {user} from {src} port {sport} idle for {seconds} seconds: closed") \
E(max_close, 5132, "max.close", INFO, UNKNOWN, "session", "end", \
  "User {user} from {src} port {sport} connected for {seconds} seconds: closed") \
E(unused_close, 5133, "unused.close", INFO, UNKNOWN, "session", "end", \
  "terminating inactive connection from {who}{src} port {sport}") \
E(silent_close, 5134, "silent.close", INFO, UNKNOWN, "session", "end", \
  "Timeout, client not responding from {who}{src} port {sport}") \
E(channel_timeout, 5135, "channel.timeout", INFO, UNKNOWN, "session", "end", \
  "Channel {channel} ({kind}) of {user} from {src} port {sport} without traffic for {seconds} seconds: closed") \
E(session_recheck, 5141, "session.recheck", NOTICE, UNKNOWN, "session", "change", \
  "Connection of {user} from {src} port {sport} judged anew< after {cause}>: it was {before} and is {after}: {action}") \
E(session_narrowed, 5142, "session.narrowed", NOTICE, SUCCESS, "session", "change", \
  "Connection of {user} from {src} port {sport} judged anew< after {cause}>: granted otherwise: {names}") \
\
E(fwd_open, 6001, "fwd.open", VERBOSE, SUCCESS, "network", "connection,allowed", \
  "Forwarding {kind} for {user} from {src} port {sport} to <{host}>< [{address}]>< port {port}> id {channel}") \
E(fwd_close, 6002, "fwd.close", VERBOSE, SUCCESS, "network", "connection,end", \
  "Forwarding {kind} for {user} from {src} port {sport} closed, id {channel}, {bytes_in} bytes in, {bytes_out} out") \
E(fwd_denied, 6003, "fwd.denied", INFO, FAILURE, "network", "denied", \
  "Forwarding {kind}< to {host}>< port {port}> by {user} refused: {reason} (Connection from {src} port {sport})") \
E(fwd_refused, 6005, "fwd.refused", INFO, FAILURE, "network", "denied", \
  "refused <{=kind:direct-tcpip}local><{=kind:direct-streamlocal}streamlocal> port forward: " \
  "originator {text} port {+code}, target {host}< port {port}>") \
E(fwd_failed, 6004, "fwd.failed", ERROR, FAILURE, "network", "info", \
  "connect_to {host}<{=how:lookup}: unknown host ({reason})><{=how:path} port -2: failed.><{!how} port {port}: failed.>") \
E(listen_open, 6010, "listen.open", VERBOSE, SUCCESS, "network", "allowed,start", \
  "User {user} from {src} port {sport} listens on <{host}>< port {port}>, {kind}") \
E(listen_close, 6011, "listen.close", VERBOSE, SUCCESS, "network", "end", \
  "User {user} from {src} port {sport} no longer listens on <{host}>< port {port}>, {kind}") \
E(listen_denied, 6012, "listen.denied", INFO, FAILURE, "network", "denied", \
  "Listening ({kind})< on {host}>< port {port}> by {user} refused: {reason} (Connection from {src} port {sport})") \
E(listen_failed, 6013, "listen.failed", ERROR, FAILURE, "network", "info", \
  "bind [{host}]:{port}: {reason}") \
E(listen_none, 6014, "listen.none", ERROR, FAILURE, "network", "info", \
  "channel_setup_fwd_listener_tcpip: cannot listen to port: {port}") \
E(agent_forward, 6020, "agent.forward", VERBOSE, SUCCESS, "session", "info", \
  "Agent forwarding for {user} from {src} port {sport}") \
E(x11_forward, 6021, "x11.forward", VERBOSE, SUCCESS, "session", "info", \
  "X11 forwarding for {user} from {src} port {sport}, display {port}") \
E(tun_open, 6022, "tun.open", NOTICE, SUCCESS, "network", "allowed,start", \
  "Tunnel {name} ({kind}) for {user} from {src} port {sport}") \
\
E(file_open, 7001, "file.open", INFO, SUCCESS, "file", "access", \
  "open \"{path}\" flags {flags}< mode {mode}>") \
E(file_close, 7002, "file.close", INFO, SUCCESS, "file", "access", \
  "close \"{path}\" bytes read {bytes_read} written {bytes_written}") \
E(file_remove, 7003, "file.remove", INFO, SUCCESS, "file", "deletion", \
  "remove name \"{path}\"") \
E(file_rename, 7004, "file.rename", INFO, SUCCESS, "file", "change", \
  "rename old \"{path}\" new \"{newpath}\"") \
E(file_mkdir, 7005, "file.mkdir", INFO, SUCCESS, "file", "creation", \
  "mkdir name \"{path}\"< mode {mode}>") \
E(file_setstat, 7006, "file.setstat", INFO, SUCCESS, "file", "change", \
  "set \"{path}\"< size {size}>< mode {mode}>< owner {owner}>< group {gid}>< times {times}>") \
E(file_link, 7007, "file.link", INFO, SUCCESS, "file", "creation", \
  "{kind} old \"{path}\" new \"{newpath}\"") \
E(file_rmdir, 7008, "file.rmdir", INFO, SUCCESS, "file", "deletion", \
  "rmdir name \"{path}\"") \
E(file_opendir, 7009, "file.opendir", INFO, SUCCESS, "file", "access", \
  "opendir \"{path}\"") \
E(file_denied, 7010, "file.denied", INFO, FAILURE, "file", "info", \
  "{kind}< \"{path}\">< to \"{newpath}\"> refused: {reason}") \
E(file_summary, 7020, "file.summary", INFO, SUCCESS, "file", "info", \
  "session closed for local user {user} from [{src}], {bytes_read} bytes read, {bytes_written} written") \
E(file_begin, 7021, "file.begin", INFO, SUCCESS, "file", "info", \
  "session opened for local user {user} from [{src}]") \
\
E(ctl_command, 8001, "ctl.command", NOTICE, SUCCESS, "configuration", "info", \
  "sallyportctl: {verb}<{?target} {target}> by {actor}") \
E(ctl_denied, 8005, "ctl.denied", WARNING, FAILURE, "configuration", "info", \
  "sallyportctl: {verb} by {actor} refused: {reason}") \
E(session_kill, 8002, "session.kill", NOTICE, SUCCESS, "session", "end", \
  "Connection {target} ended by {actor}") \
E(drain, 8003, "drain", NOTICE, SUCCESS, "configuration", "change", \
  "Draining<: {reason}>, {count} connections left") \
\
E(worker_crash, 9001, "worker.crash", ERROR, FAILURE, "process,intrusion_detection", "info", \
  "{component} serving {src} port {sport} died, signal {signal}") \
E(sandbox_violation, 9002, "sandbox.violation", ERROR, FAILURE, "process,intrusion_detection", "info", \
  "{component} serving {src} port {sport} ended by its sandbox") \
E(wall_violation, 9005, "wall.violation", ERROR, FAILURE, "process,intrusion_detection", "info", \
  "Worker of {src} port {sport} broke the rules of the wall: {reason}<, message {message}>< in state {state}>") \
E(call_deadline, 9006, "call.deadline", ERROR, FAILURE, "process", "info", \
  "{call} for {src} port {sport} did not return within {duration_ms} ms: {component} {process} ended") \
E(template_replaced, 9007, "template.replaced", WARNING, UNKNOWN, "process", "info", \
  "{component} was replaced<: {reason}>")

/* The fields of each event (E), besides the envelope's. */
#define AUDIT_FIELDS_server_start(F, E) F(E, version) F(E, file)
#define AUDIT_FIELDS_server_ready(F, E) F(E, version)
#define AUDIT_FIELDS_server_stop(F, E) F(E, signal) F(E, count)
#define AUDIT_FIELDS_server_adopt(F, E) F(E, count) F(E, process)
#define AUDIT_FIELDS_server_lost(F, E) F(E, count) F(E, process)
#define AUDIT_FIELDS_listener_open(F, E) F(E, name) F(E, address) F(E, port)
#define AUDIT_FIELDS_listener_close(F, E) F(E, name) F(E, address) F(E, port)
#define AUDIT_FIELDS_listener_error(F, E) F(E, name) F(E, address) F(E, port) F(E, reason)
#define AUDIT_FIELDS_config_reload_start(F, E) F(E, actor)
#define AUDIT_FIELDS_config_reload_ok(F, E) F(E, generation)
#define AUDIT_FIELDS_config_reload_rejected(F, E) F(E, reason) F(E, errors)
#define AUDIT_FIELDS_config_trial_start(F, E) F(E, seconds) F(E, actor)
#define AUDIT_FIELDS_config_trial_confirmed(F, E) F(E, reason) F(E, actor)
#define AUDIT_FIELDS_config_trial_over(F, E) F(E, reason) F(E, actor)
#define AUDIT_FIELDS_audit_heads(F, E) F(E, count) F(E, heads)
#define AUDIT_FIELDS_audit_checkpoint(F, E) F(E, number) F(E, chain_head) F(E, at) F(E, last) F(E, reason) F(E, signature)
#define AUDIT_FIELDS_module_load(F, E) F(E, module) F(E, file) F(E, version)
#define AUDIT_FIELDS_module_reject(F, E) F(E, module) F(E, file) F(E, reason)
#define AUDIT_FIELDS_module_crash(F, E) F(E, module) F(E, signal) F(E, call) F(E, detail)
#define AUDIT_FIELDS_monitor_crash(F, E) F(E, signal) F(E, call) F(E, detail)
#define AUDIT_FIELDS_module_error(F, E) F(E, module) F(E, line) F(E, name) F(E, values)
#define AUDIT_FIELDS_module_warning(F, E) F(E, module) F(E, line) F(E, name) F(E, values)
#define AUDIT_FIELDS_module_info(F, E) F(E, module) F(E, line) F(E, name) F(E, values)
#define AUDIT_FIELDS_module_detail(F, E) F(E, module) F(E, line) F(E, name) F(E, values)
#define AUDIT_FIELDS_hostkey_load(F, E) F(E, key_type) F(E, fp) F(E, bits) F(E, file)
#define AUDIT_FIELDS_hostkey_error(F, E) F(E, file) F(E, reason)
#define AUDIT_FIELDS_krl_error(F, E) F(E, file) F(E, reason)
#define AUDIT_FIELDS_log_drop(F, E) F(E, count) F(E, carrier)
#define AUDIT_FIELDS_audit_unavailable(F, E) F(E, carrier) F(E, reason)

#define AUDIT_FIELDS_conn_open(F, E) F(E, name) F(E, process)
#define AUDIT_FIELDS_conn_close(F, E) F(E, how) F(E, cause) F(E, bytes_in) F(E, bytes_out) F(E, duration_ms) F(E, client)
#define AUDIT_FIELDS_conn_refused(F, E) F(E, cause) F(E, count) F(E, name)
#define AUDIT_FIELDS_conn_proxied(F, E) F(E, kind) F(E, address) F(E, port) F(E, authority) F(E, unique_id) F(E, tls) F(E, tls_name) F(E, tls_verified)
#define AUDIT_FIELDS_conn_proxy_bad(F, E) F(E, reason) F(E, name)
#define AUDIT_FIELDS_conn_disconnect(F, E) F(E, code) F(E, text) F(E, kind)
#define AUDIT_FIELDS_conn_ident_bad(F, E) F(E, reason)
#define AUDIT_FIELDS_conn_ident_error(F, E) F(E, reason) F(E, client)
#define AUDIT_FIELDS_conn_ident(F, E) F(E, client)
#define AUDIT_FIELDS_kex_ok(F, E) F(E, kex) F(E, hostkey) F(E, cipher_in) F(E, cipher_out) F(E, mac_in) F(E, mac_out) F(E, compression_in) F(E, compression_out) F(E, post_quantum) F(E, client)
#define AUDIT_FIELDS_kex_fail(F, E) F(E, reason) F(E, kind) F(E, offer)
#define AUDIT_FIELDS_kex_weak(F, E) F(E, reason)
#define AUDIT_FIELDS_kex_refused(F, E) F(E, reason)
#define AUDIT_FIELDS_kex_rekey(F, E) F(E, kex)
#define AUDIT_FIELDS_protocol_violation(F, E) F(E, reason) F(E, phase)
#define AUDIT_FIELDS_packet_length(F, E) F(E, reason)
#define AUDIT_FIELDS_mac_fail(F, E) F(E, reason)
#define AUDIT_FIELDS_penalty_add(F, E) F(E, network) F(E, cause) F(E, seconds)
#define AUDIT_FIELDS_penalty_enforce(F, E) F(E, network) F(E, cause) F(E, seconds)
#define AUDIT_FIELDS_penalty_clear(F, E) F(E, network) F(E, cause)

#define AUDIT_FIELDS_auth_ok(F, E) F(E, method) F(E, methods) F(E, module) F(E, key_type) F(E, fp) F(E, key_id) F(E, serial) F(E, ca_type) F(E, ca_fp) F(E, principal) F(E, attempt) F(E, duration_ms) F(E, ticket) F(E, approver)
#define AUDIT_FIELDS_auth_fail(F, E) F(E, method) F(E, module) F(E, refusal) F(E, reason) F(E, attempt) F(E, attempts_left) F(E, key_type) F(E, fp) F(E, duration_ms)
#define AUDIT_FIELDS_auth_unavailable(F, E) F(E, method) F(E, module) F(E, reason) F(E, attempt) F(E, attempts_left) F(E, duration_ms)
#define AUDIT_FIELDS_auth_partial(F, E) F(E, method) F(E, module) F(E, next) F(E, key_type) F(E, fp)
#define AUDIT_FIELDS_auth_limited(F, E) F(E, method) F(E, seconds)
#define AUDIT_FIELDS_auth_timeout(F, E) F(E, seconds) F(E, process)
#define AUDIT_FIELDS_auth_abandoned(F, E) F(E, how)
#define AUDIT_FIELDS_auth_maxtries(F, E) F(E, attempt)
#define AUDIT_FIELDS_auth_unknown_user(F, E) F(E, reason)
#define AUDIT_FIELDS_auth_none(F, E) F(E, next)
#define AUDIT_FIELDS_key_offered(F, E) F(E, method) F(E, key_type) F(E, fp) F(E, key_id) F(E, serial) F(E, ca_type) F(E, ca_fp)
#define AUDIT_FIELDS_auth_postponed(F, E) F(E, method)
#define AUDIT_FIELDS_key_accepted(F, E) F(E, key_type) F(E, fp) F(E, bits) F(E, source)
#define AUDIT_FIELDS_key_rejected(F, E) F(E, key_type) F(E, fp) F(E, bits) F(E, source) F(E, reason)
#define AUDIT_FIELDS_keysource_slow(F, E) F(E, source) F(E, duration_ms)
#define AUDIT_FIELDS_keysource_error(F, E) F(E, source) F(E, reason)
#define AUDIT_FIELDS_keyfile_refused(F, E) F(E, source) F(E, reason) F(E, detail)
#define AUDIT_FIELDS_keyline_bad(F, E) F(E, source) F(E, reason)
#define AUDIT_FIELDS_key_elsewhere(F, E) F(E, line)
#define AUDIT_FIELDS_key_refusal(F, E) F(E, line)
#define AUDIT_FIELDS_cert_accepted(F, E) F(E, key_type) F(E, fp) F(E, key_id) F(E, serial) F(E, ca_type) F(E, ca_fp) F(E, principals) F(E, source)
#define AUDIT_FIELDS_cert_rejected(F, E) F(E, key_type) F(E, fp) F(E, key_id) F(E, serial) F(E, ca_type) F(E, ca_fp) F(E, reason) F(E, detail)
#define AUDIT_FIELDS_cert_revoked(F, E) F(E, key_type) F(E, fp) F(E, key_id) F(E, serial) F(E, ca_type) F(E, ca_fp) F(E, source)
#define AUDIT_FIELDS_pam_result(F, E) F(E, service) F(E, phase) F(E, reason) F(E, status) F(E, duration_ms)
#define AUDIT_FIELDS_pam_denied(F, E) F(E, service) F(E, reason)
#define AUDIT_FIELDS_pam_error(F, E) F(E, service) F(E, reason)
#define AUDIT_FIELDS_password_change_required(F, E) F(E, method) F(E, module)
#define AUDIT_FIELDS_password_changed(F, E) F(E, method) F(E, module)
#define AUDIT_FIELDS_password_change_refused(F, E) F(E, method) F(E, module) F(E, reason)
#define AUDIT_FIELDS_consent_given(F, E) F(E, file) F(E, digest) F(E, duration_ms)
#define AUDIT_FIELDS_consent_refused(F, E) F(E, file) F(E, digest) F(E, reason)
#define AUDIT_FIELDS_consent_shown(F, E) F(E, file) F(E, digest)
#define AUDIT_FIELDS_ticket_authorized(F, E) F(E, name) F(E, principal) F(E, source)
#define AUDIT_FIELDS_ticket_rejected(F, E) F(E, principal) F(E, reason)
#define AUDIT_FIELDS_tickets_stored(F, E) F(E, principal) F(E, source)
#define AUDIT_FIELDS_tickets_lost(F, E) F(E, principal) F(E, reason)
#define AUDIT_FIELDS_hostbased_ok(F, E) F(E, host) F(E, target) F(E, key_type) F(E, fp)
#define AUDIT_FIELDS_hostbased_fail(F, E) F(E, host) F(E, target) F(E, key_type) F(E, fp) F(E, reason)

#define AUDIT_FIELDS_authz_allow(F, E) F(E, method) F(E, ticket) F(E, approver)
#define AUDIT_FIELDS_grant_fault(F, E) F(E, file) F(E, reason)
#define AUDIT_FIELDS_authz_deny(F, E) F(E, as_sshd) F(E, refusal) F(E, reason) F(E, detail) F(E, method)
#define AUDIT_FIELDS_authz_account(F, E) F(E, refusal) F(E, reason)
#define AUDIT_FIELDS_login_refused(F, E) F(E, refusal) F(E, reason) F(E, remedy) F(E, method)
#define AUDIT_FIELDS_root_denied(F, E) F(E, method) F(E, reason)
#define AUDIT_FIELDS_user_changed(F, E) F(E, module) F(E, target)

#define AUDIT_FIELDS_login(F, E) F(E, tty) F(E, session)
#define AUDIT_FIELDS_logout(F, E) F(E, tty) F(E, cause) F(E, session) F(E, duration_ms)
#define AUDIT_FIELDS_session_open(F, E) F(E, tty) F(E, duration_ms)
#define AUDIT_FIELDS_session_failed(F, E) F(E, service) F(E, reason)
#define AUDIT_FIELDS_pty_alloc(F, E) F(E, tty) F(E, channel)
#define AUDIT_FIELDS_shell_start(F, E) F(E, command) F(E, forced) F(E, tty) F(E, channel)
#define AUDIT_FIELDS_exec_start(F, E) F(E, argv) F(E, command) F(E, forced) F(E, tty) F(E, channel)
#define AUDIT_FIELDS_subsystem_start(F, E) F(E, subsystem) F(E, command) F(E, forced) F(E, tty) F(E, channel)
#define AUDIT_FIELDS_process_exit(F, E) F(E, channel) F(E, process) F(E, status) F(E, signal) F(E, bytes_in) F(E, bytes_out) F(E, duration_ms)
#define AUDIT_FIELDS_start_denied(F, E) F(E, kind) F(E, subsystem) F(E, argv) F(E, channel) F(E, reason)
#define AUDIT_FIELDS_session_limit(F, E) F(E, channel) F(E, reason)
#define AUDIT_FIELDS_recording_start(F, E) F(E, kind) F(E, path) F(E, channel)
#define AUDIT_FIELDS_recording_end(F, E) F(E, path) F(E, channel) F(E, bytes_written) F(E, blocks) F(E, head) F(E, reason) F(E, duration_ms)
#define AUDIT_FIELDS_recording_failed(F, E) F(E, path) F(E, channel) F(E, required) F(E, reason)
#define AUDIT_FIELDS_env_rejected(F, E) F(E, names) F(E, channel)
#define AUDIT_FIELDS_idle_close(F, E) F(E, seconds)
#define AUDIT_FIELDS_max_close(F, E) F(E, seconds)
#define AUDIT_FIELDS_unused_close(F, E) F(E, seconds)
#define AUDIT_FIELDS_silent_close(F, E) F(E, count)
#define AUDIT_FIELDS_channel_timeout(F, E) F(E, kind) F(E, channel) F(E, seconds)
#define AUDIT_FIELDS_session_recheck(F, E) F(E, cause) F(E, before) F(E, after) F(E, action) F(E, refusal) F(E, ticket) F(E, approver)
#define AUDIT_FIELDS_session_narrowed(F, E) F(E, cause) F(E, names)

#define AUDIT_FIELDS_fwd_open(F, E) F(E, kind) F(E, host) F(E, address) F(E, port) F(E, channel)
#define AUDIT_FIELDS_fwd_close(F, E) F(E, kind) F(E, channel) F(E, bytes_in) F(E, bytes_out) F(E, duration_ms)
#define AUDIT_FIELDS_fwd_denied(F, E) F(E, kind) F(E, host) F(E, port) F(E, reason)
#define AUDIT_FIELDS_fwd_refused(F, E) F(E, kind) F(E, host) F(E, port) F(E, text) F(E, code)
#define AUDIT_FIELDS_fwd_failed(F, E) F(E, kind) F(E, how) F(E, host) F(E, port) F(E, reason)
#define AUDIT_FIELDS_listen_open(F, E) F(E, kind) F(E, host) F(E, port)
#define AUDIT_FIELDS_listen_close(F, E) F(E, kind) F(E, host) F(E, port)
#define AUDIT_FIELDS_listen_denied(F, E) F(E, kind) F(E, host) F(E, port) F(E, reason)
#define AUDIT_FIELDS_listen_failed(F, E) F(E, kind) F(E, host) F(E, port) F(E, reason)
#define AUDIT_FIELDS_listen_none(F, E) F(E, port)
#define AUDIT_FIELDS_agent_forward(F, E) F(E, channel)
#define AUDIT_FIELDS_x11_forward(F, E) F(E, port) F(E, channel)
#define AUDIT_FIELDS_tun_open(F, E) F(E, name) F(E, kind) F(E, channel)

#define AUDIT_FIELDS_file_open(F, E) F(E, path) F(E, flags) F(E, mode)
#define AUDIT_FIELDS_file_close(F, E) F(E, path) F(E, bytes_read) F(E, bytes_written) F(E, digest) F(E, partial) F(E, duration_ms)
#define AUDIT_FIELDS_file_remove(F, E) F(E, path)
#define AUDIT_FIELDS_file_rename(F, E) F(E, path) F(E, newpath)
#define AUDIT_FIELDS_file_mkdir(F, E) F(E, path) F(E, mode)
#define AUDIT_FIELDS_file_setstat(F, E) F(E, path) F(E, size) F(E, mode) F(E, owner) F(E, gid) F(E, times)
#define AUDIT_FIELDS_file_link(F, E) F(E, kind) F(E, path) F(E, newpath)
#define AUDIT_FIELDS_file_rmdir(F, E) F(E, path)
#define AUDIT_FIELDS_file_opendir(F, E) F(E, path)
#define AUDIT_FIELDS_file_denied(F, E) F(E, kind) F(E, path) F(E, newpath) F(E, reason)
#define AUDIT_FIELDS_file_summary(F, E) F(E, bytes_read) F(E, bytes_written) F(E, files_read) F(E, files_written) F(E, duration_ms)
#define AUDIT_FIELDS_file_begin(F, E) F(E, channel)

#define AUDIT_FIELDS_ctl_command(F, E) F(E, verb) F(E, target) F(E, actor)
#define AUDIT_FIELDS_ctl_denied(F, E) F(E, verb) F(E, actor) F(E, reason)
#define AUDIT_FIELDS_session_kill(F, E) F(E, target) F(E, actor)
#define AUDIT_FIELDS_drain(F, E) F(E, reason) F(E, count)

#define AUDIT_FIELDS_worker_crash(F, E) F(E, component) F(E, signal)
#define AUDIT_FIELDS_sandbox_violation(F, E) F(E, component)
#define AUDIT_FIELDS_wall_violation(F, E) F(E, reason) F(E, message) F(E, state)
#define AUDIT_FIELDS_call_deadline(F, E) F(E, call) F(E, component) F(E, process) F(E, duration_ms)
#define AUDIT_FIELDS_template_replaced(F, E) F(E, component) F(E, reason)
/* clang-format on */

#endif
