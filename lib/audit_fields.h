/*
 * The vocabulary of the audit: every field an event can carry, once.
 *
 *	F(member, kind, name in structured data, name in JSON, what it is)
 *
 * Kinds: text (NULL: absent), keytype (text; short form in sentences),
 * number (always present), count (absent when 0), duration (milliseconds,
 * always present), flag (absent when false), mode (octal, absent when 0),
 * address (NULL: absent; the address alone), pairs (fields that a module has
 * declared: one each, under the name with a dot or "_" and theirs).
 */
#ifndef LIB_AUDIT_FIELDS_H
#define LIB_AUDIT_FIELDS_H

/* clang-format off */
#define AUDIT_FIELD_LIST(F) \
F(action, text, "action", "sallyport.recheck.action", "what becomes of an open connection") \
F(actor, text, "actor", "sallyport.ctl.actor", "uid and pid of the administrator") \
F(address, address, "addr", "sallyport.address", "an address: listened on, asked for, connected to") \
F(after, text, "after", "sallyport.recheck.after", "the decision on an open connection as it is now") \
F(approver, text, "approver", "sallyport.grant.approver", "who has approved of the grant for a time") \
F(argv, text, "argv", "sallyport.command.requested", "the command as the client sent it") \
F(as_sshd, text, "sshd", "sallyport.sshd_reason", "the reason in the words of sshd's log") \
F(at, text, "at", "sallyport.at", "when that was asked for, UTC") \
F(attempt, count, "attempt", "sallyport.auth.attempt", "which attempt this was") \
F(attempts_left, number, "left", "sallyport.auth.left", "attempts left") \
F(authority, text, "authority", "sallyport.proxy.authority", "the host name that the client asked the balancer for (SNI)") \
F(before, text, "before", "sallyport.recheck.before", "the decision on an open connection before") \
F(bits, count, "bits", "sallyport.key.bits", "size of the key") \
F(blocks, number, "blocks", "sallyport.recording.blocks", "blocks of a recording") \
F(bytes_in, number, "bin", "source.bytes", "bytes received from the client") \
F(bytes_out, number, "bout", "destination.bytes", "bytes sent to the client") \
F(bytes_read, number, "bread", "sallyport.file.bytes_read", "bytes read from the file") \
F(bytes_written, number, "bwritten", "sallyport.file.bytes_written", "bytes written to the file") \
F(ca_fp, text, "cafp", "sallyport.cert.ca", "fingerprint of the certificate authority") \
F(ca_type, keytype, "cakt", "sallyport.cert.ca_type", "key type of the certificate authority") \
F(call, text, "call", "sallyport.call", "the blocking call") \
F(carrier, text, "carrier", "sallyport.carrier", "where records go: syslog, file") \
F(cause, text, "cause", "sallyport.cause", "what ended or refused it") \
F(chain_head, text, "chead", "sallyport.chain_head", "hash of the record meant, hexadecimal") \
F(channel, number, "chan", "sallyport.channel", "channel number") \
F(cipher_in, text, "cin", "sallyport.kex.cipher_in", "cipher, client to server") \
F(cipher_out, text, "cout", "sallyport.kex.cipher_out", "cipher, server to client") \
F(client, text, "client", "user_agent.original", "the client's identification line") \
F(code, number, "code", "sallyport.disconnect.code", "SSH disconnect reason code") \
F(command, text, "command", "process.command_line", "the command that runs; absent for a shell and the internal SFTP server") \
F(component, text, "what", "sallyport.component", "which process") \
F(compression_in, text, "zin", "sallyport.kex.compression_in", "compression, client to server") \
F(compression_out, text, "zout", "sallyport.kex.compression_out", "compression, server to client") \
F(count, count, "count", "sallyport.count", "how many") \
F(detail, text, "detail", "sallyport.detail", "a sentence with more") \
F(digest, text, "sha256", "file.hash.sha256", "SHA-256 of a file that was written, or read, as a whole") \
F(duration_ms, duration, "ms", "event.duration", "how long it took: milliseconds; in JSON nanoseconds") \
F(errors, count, "errors", "sallyport.errors", "how many failed") \
F(file, text, "file", "sallyport.config.file", "a file of the administrator") \
F(files_read, count, "fread", "sallyport.file.read_count", "files read") \
F(files_written, count, "fwritten", "sallyport.file.write_count", "files written") \
F(flags, text, "flags", "sallyport.file.flags", "how a file was opened") \
F(forced, flag, "forced", "sallyport.forced", "a forced command took the place of the client's") \
F(fp, text, "fp", "sallyport.key.fp", "fingerprint of the key (SHA256:...)") \
F(generation, count, "newgen", "sallyport.generation", "the configuration generation meant") \
F(gid, text, "gid", "file.gid", "group id set") \
F(head, text, "head", "sallyport.recording.head", "SHA-256 that the last block of a recording ends in") \
F(heads, pairs, "h", "sallyport.heads", "the last record of each chain: its number, a colon and its hash") \
F(host, text, "host", "destination.address", "host as asked for") \
F(hostkey, text, "hostkey", "sallyport.kex.hostkey", "host key algorithm") \
F(how, text, "how", "sallyport.close.how", "closed, reset, disconnected (by the client), disconnecting (by us), failed (a protocol error), timeout, killed; of a forward: lookup, path") \
F(kex, text, "kex", "sallyport.kex.method", "key exchange method") \
F(key_id, text, "keyid", "sallyport.cert.id", "key id of the certificate") \
F(key_type, keytype, "kt", "sallyport.key.type", "key type") \
F(kind, text, "kind", "sallyport.kind", "which kind of it") \
F(last, flag, "last", "sallyport.last", "nothing follows in this chain") \
F(line, text, "line", "sallyport.line", "what a module says, or sshd in that case") \
F(mac_in, text, "min", "sallyport.kex.mac_in", "MAC, client to server") \
F(mac_out, text, "mout", "sallyport.kex.mac_out", "MAC, server to client") \
F(message, text, "msg", "sallyport.message", "name or number of the message") \
F(method, text, "method", "sallyport.auth.method", "authentication method") \
F(methods, text, "methods", "sallyport.auth.methods", "methods that succeeded, in order") \
F(mode, mode, "mode", "file.mode", "file mode") \
F(module, text, "module", "sallyport.module", "the authentication module") \
F(name, text, "name", "sallyport.name", "a name") \
F(names, text, "names", "sallyport.names", "a list of names") \
F(network, text, "net", "sallyport.network", "a source network") \
F(newpath, text, "new", "sallyport.file.target", "the second path of a rename or link") \
F(next, text, "next", "sallyport.auth.next", "methods that can go on") \
F(number, count, "number", "sallyport.number", "number of the record meant") \
F(offer, text, "offer", "sallyport.kex.offer", "what the client offered") \
F(owner, text, "fuid", "file.uid", "owner id set") \
F(partial, flag, "partial", "sallyport.file.partial", "no SHA-256: not the whole file was moved, or not in order") \
F(path, text, "path", "file.path", "path as asked for") \
F(phase, text, "phase", "sallyport.phase", "phase of the connection") \
F(port, count, "port", "sallyport.port", "a port: listened on, asked for, connected to; none of a path or device") \
F(post_quantum, flag, "pq", "sallyport.kex.post_quantum", "the key exchange resists quantum computers") \
F(principal, text, "principal", "sallyport.kerberos.principal", "Kerberos principal of the client") \
F(principals, text, "principals", "sallyport.cert.principals", "principals of the certificate") \
F(process, count, "proc", "sallyport.process.pid", "process id of the process meant") \
F(reason, text, "why", "event.reason", "why, in words") \
F(refusal, text, "refusal", "sallyport.refusal", "why a login is refused, a code of the table below") \
F(remedy, text, "remedy", "sallyport.remedy", "what an administrator can do about it") \
F(required, flag, "required", "sallyport.recording.required", "nothing may go on unrecorded") \
F(seconds, count, "seconds", "sallyport.seconds", "a number of seconds") \
F(serial, count, "serial", "sallyport.cert.serial", "serial number of the certificate") \
F(service, text, "service", "sallyport.pam.service", "PAM service") \
F(session, count, "sess", "sallyport.session", "session number in the connection") \
F(signal, text, "signal", "sallyport.signal", "name or number of a signal") \
F(signature, pairs, "sig", "sallyport.signature", "the host key's signature (PROTOCOL.sshsig, base64), in pieces") \
F(size, text, "size", "file.size", "size set") \
F(source, text, "ksrc", "sallyport.key.source", "where the key was found: file:line, command") \
F(state, text, "state", "sallyport.state", "state of the monitor") \
F(status, number, "status", "process.exit_code", "exit status, or a result number") \
F(subsystem, text, "subsystem", "sallyport.subsystem", "subsystem name") \
F(target, text, "target", "user.target.name", "whom or what an administrator meant") \
F(text, text, "text", "sallyport.text", "text from the client") \
F(ticket, text, "ticket", "sallyport.grant.ticket", "ticket of the grant for a time") \
F(times, text, "times", "sallyport.file.times", "times set") \
F(tls, text, "tls", "sallyport.proxy.tls", "version of TLS between client and balancer") \
F(tls_name, text, "tlsname", "sallyport.proxy.tls_name", "common name of the certificate that the balancer was shown") \
F(tls_verified, flag, "tlsok", "sallyport.proxy.tls_verified", "the balancer has verified that certificate") \
F(tty, text, "tty", "process.tty.name", "terminal") \
F(unique_id, text, "uniqueid", "sallyport.proxy.unique_id", "the balancer's id of the connection, hexadecimal") \
F(values, pairs, "m", "sallyport.module.field", "fields that the module has declared for its event, each under its own name") \
F(verb, text, "verb", "sallyport.ctl.verb", "administrator's command") \
F(version, text, "version", "service.version", "our version")
/* clang-format on */

#endif
