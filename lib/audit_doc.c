/*
 * Writes doc/AUDIT.md from the catalogue: `make audit-doc`.  A unit test
 * holds the file against what this writes.
 */
#include "lib/audit_table.h"
#include "lib/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const parts[] = {NULL, "Server", "Connection, transport",
    "Authentication", "Authorisation", "Sessions", "Forwarding", "Files (sftp)",
    "Administration", "Alarms"};

static const char *const kinds[] = {
    [AUDIT_KIND_text] = "text",
    [AUDIT_KIND_keytype] = "key type",
    [AUDIT_KIND_number] = "number",
    [AUDIT_KIND_count] = "number, absent when 0",
    [AUDIT_KIND_duration] = "milliseconds; JSON: nanoseconds",
    [AUDIT_KIND_flag] = "true, or absent",
    [AUDIT_KIND_mode] = "octal, absent when 0",
    [AUDIT_KIND_address] = "address",
    [AUDIT_KIND_pairs] = "texts: `m_NAME`, JSON: "
			 "`sallyport.module.field.NAME`, journal: `M_NAME`",
};

static const char head[] =
    "# Audit events\n"
    "\n"
    "Made from `lib/audit_events.h` by `make audit-doc`; do not edit.\n"
    "\n"
    "Every event is one record on one line, in each format. No value can\n"
    "break it: what is not printable UTF-8 (control bytes, C1, invisible and\n"
    "bidirectional controls, broken sequences) is written `\\n`, `\\r`, `\\t`\n"
    "or `\\xNN`; a value is cut at 256 bytes, which `...` shows; a record is\n"
    "at most 8 KiB, and says `cut` if fields were left out.\n"
    "\n"
    "## Formats\n"
    "\n"
    "* `classic`, the default: the sentence below and nothing else, as\n"
    "  OpenSSH's sshd writes it where it has one: for the watchers that read\n"
    "  sshd's log. The name of the program is `log.ident`, and syslog's\n"
    "  severity is sshd's: err after `error: `, crit after `fatal: `, info "
    "for\n"
    "  its other sentences.\n"
    "* `text`: the sentence, then ` [conn=... name=value ...]` with the\n"
    "  fields that it does not mention (where fail2ban's sshd filter wants the "
    "line to end,\n"
    "  ` on conn=...,name=value`). Errors begin with `error: `. A user name "
    "and\n"
    "  a method stand as one word, spaces as `\\x20`. Events of level "
    "`verbose` are\n"
    "  written when the log level is verbose or higher.\n"
    "* `rfc5424`: `[sallyport@32473 ev=\"auth.ok\" ...][meta "
    "sequenceId=\"n\"]`\n"
    "  and the sentence. In syslog it follows the usual local header, in "
    "files\n"
    "  a whole RFC 5424 header (MSGID `SP3001`).\n"
    "* `json`: one object with names of the Elastic Common Schema, flat\n"
    "  (`\"event.code\":\"SP-3001\"`); in syslog after `@cee: `, the mark by\n"
    "  which rsyslog's mmjsonparse knows it (packaging/rsyslog).\n"
    "\n"
    "Lines that are no events come beside them, as they are: what PAM modules\n"
    "write with syslog(3) in the monitor's process, and the server's own\n"
    "notices and diagnostics.\n"
    "\n"
    "## In the journal\n"
    "\n"
    "With the target `journal` (or `system`, the default, where journald\n"
    "runs and no other daemon has taken `/dev/log`) `MESSAGE` is the classic\n"
    "sentence, whatever `log.format` says, and\n"
    "every field stands beside it under a name of its own: `SALLYPORT_` and\n"
    "the name in the tables below. So does what is in every event, for the\n"
    "server's other lines too, with `PRIORITY`, `SYSLOG_FACILITY`,\n"
    "`SYSLOG_IDENTIFIER`, `SYSLOG_PID` and `SALLYPORT_TIME`, the time at "
    "which\n"
    "the record was made. Events follow `log.level` as in `classic`. Their\n"
    "`MESSAGE_ID` is `" AUDIT_MESSAGE_ID "` and the code in eight\n"
    "digits, and never changes: SP-3001 is\n"
    "`" AUDIT_MESSAGE_ID "00003001`.\n"
    "\n"
    "    journalctl SALLYPORT_CONN=9f86d081884c7d65   # one connection\n"
    "    journalctl SALLYPORT_EVENT=auth.fail SALLYPORT_USER=root\n"
    "    journalctl MESSAGE_ID=" AUDIT_MESSAGE_ID "00003001 -o json\n"
    "\n"
    "## In the Linux audit\n"
    "\n"
    "With `audit.linux` (`auto`, the default, or `on`) the monitor gives the\n"
    "kernel's auditing what libpam cannot know, in the layout of Red Hat's\n"
    "sshd, for `ausearch`, `aureport` and rules that read these records:\n"
    "\n"
    "| record | when |\n"
    "|---|---|\n"
    "| USER_AUTH | a try by key (`op=pubkey_auth grantors=auth-key`), host or "
    "ticket, or by another module that is not PAM; `op=pubkey` and the like "
    "where it failed |\n"
    "| CRYPTO_KEY_USER | `op=negotiate kind=auth-key fp=`: the key of a "
    "success; `op=destroy kind=session`: the end of a connection |\n"
    "| CRYPTO_SESSION | `op=start`: the first key exchange, once in each "
    "direction |\n"
    "| USER_LOGIN | the first session or forward is opened (`id=`); a "
    "connection ends without a login (`acct=`, failed) |\n"
    "| USER_LOGOUT | the end of that connection |\n"
    "| USER_ERR | an account that is locked, expired or without a shell; "
    "a session that could not be opened, by other reasons than PAM's |\n"
    "| ANOM_LOGIN_FAILURES | too many tries in a connection |\n"
    "| ANOM_LOGIN_TIME | outside the permitted times |\n"
    "| ANOM_LOGIN_ROOT | root may not log in |\n"
    "\n"
    "A name that no account has is written as `(invalid user)`, because it\n"
    "may be a password. Names are encoded as libaudit does, in hexadecimal\n"
    "where they are not plain (`ausearch -i` shows them). A record that the\n"
    "kernel does not take is counted, and the connection's end says how many\n"
    "and why. The kernel delays whoever writes while its queue is full; no\n"
    "login waits for that, but for the records that libpam writes it does.\n"
    "\n"
    "    ausearch -i -m USER_LOGIN -sv no     # connections without a login\n"
    "    aureport -au -i                      # tries, with account and "
    "source\n"
    "    ausearch -m CRYPTO_KEY_USER          # keys by fingerprint\n"
    "\n"
    "## In every event\n"
    "\n"
    "| RFC 5424 | JSON | journal | what |\n"
    "|---|---|---|---|\n"
    "| MSGID | `event.code` | `EVENT_CODE` | code, never reused |\n"
    "| `ev` | `event.action` | `EVENT` | name |\n"
    "| `out` | `event.outcome` | `OUTCOME` | success, failure, unknown |\n"
    "| PRI | `log.level`, `event.severity` | PRIORITY | severity |\n"
    "| TIMESTAMP, `time` | `@timestamp` | `TIME` | UTC, microseconds |\n"
    "| PROCID | `process.pid` | SYSLOG_PID | process id |\n"
    "| `meta sequenceId` | `event.sequence` | `SEQUENCE` | number in this "
    "process |\n"
    "| `chain`, `n`, `hash` | `sallyport.chain`, `sallyport.n`, "
    "`sallyport.hash` | `CHAIN`, `N`, `HASH` | the chain of records that this "
    "one is in, its number there, and a hash over it and the one before "
    "(EVIDENCE.md) |\n"
    "| `conn` | `sallyport.conn` | `CONN` | connection id, from open to close "
    "|\n"
    "| `src`, `sport` | `source.ip`, `source.port` | `SRC`, `SPORT` | client "
    "|\n"
    "| `proxy` | `sallyport.proxy.ip` | `PROXY` | the balancer that told the "
    "client's address |\n"
    "| `selftest` | `sallyport.selftest` | `SELFTEST` | the connection is of "
    "`sallyportctl selftest` |\n"
    "| `dst`, `dport` | `destination.ip`, `destination.port` | `DST`, `DPORT` "
    "| server |\n"
    "| `user`, `uid` | `user.name`, `user.id` | `USER`, `UID` | user; the id "
    "after login |\n"
    "| `req` | `sallyport.user.requested` | `REQ` | name as the client sent it "
    "|\n"
    "| `invalid` | `sallyport.user.invalid` | `INVALID` | there is no such "
    "user |\n"
    "| `rule` | `rule.name` | `RULE` | the rule or guard that decided, absent "
    "if none "
    "did "
    "|\n"
    "| `gen` | `sallyport.config.generation` | `GEN` | configuration "
    "generation |\n"
    "| `comp` | `sallyport.component.name` | `COMP` | process that speaks |\n"
    "\n"
    "JSON also has `event.kind`, `event.category`, `event.type`,\n"
    "`event.dataset`, `event.provider`, `network.protocol`, `service.name`,\n"
    "`ecs.version` and `message` (the sentence).\n"
    "\n"
    "## Events\n";

static const char *
level_name(const struct audit_event_row *row)
{
	return row->severity == AUDIT_VERBOSE ?
	    "verbose" :
	    audit_severity_name(row->severity);
}

/* The template as people read it: its markers taken out. */
static void
write_sentence(FILE *f, const char *p)
{
	fputs("`", f);
	for (; *p != '\0'; p++) {
		if (p[0] == '{' && strchr("?!=", p[1]) != NULL)
			p += strcspn(p, "}");
		else if (strncmp(p, "{+", 2) == 0) {
			fputc('{', f);
			p++;
		} else if (strncmp(p, "{on}", 4) == 0)
			p += 3;
		else if (p[0] == '|')
			fputs("\\|", f);
		else
			fputc(*p, f);
	}
	fputs("`", f);
}

static void
write_event(FILE *f, const struct audit_event_row *row)
{
	const char *between = "";

	fprintf(f, "| SP-%u | %s | %s | %s | ", row->code, row->name,
	    level_name(row), audit_outcome_name(row->outcome));
	for (const struct audit_slot *s = row->slots; s->field != NULL; s++) {
		fprintf(f, "%s`%s`", between, s->field->sd);
		between = " ";
	}
	fprintf(f, " | %s / %s | ", row->category, row->type);
	write_sentence(f, row->sentence);
	fputs(" |\n", f);
}

static void
write_field(FILE *f, const struct audit_field *field)
{
	bool pairs = field->kind == AUDIT_KIND_pairs;
	char name[AUDIT_JOURNAL_NAME_SIZE];

	audit_journal_name(name, "", pairs ? "m_name" : field->name);
	fprintf(f, "| `%s` | `%s` | `%s` | %s | %s |\n", field->sd, field->json,
	    &name[strlen("SALLYPORT_")], kinds[field->kind], field->help);
}

static void
write_doc(FILE *f)
{
	unsigned part = 0;

	fputs(head, f);
	for (int i = 0; i < AUDIT_EVENT_COUNT; i++) {
		if (audit_events[i].code / 1000 != part) {
			part = audit_events[i].code / 1000;
			fprintf(f, "\n### %u000: %s\n\n", part, parts[part]);
			fputs("| code | name | level | outcome | fields | ECS "
			      "category / type | sentence |\n"
			      "|---|---|---|---|---|---|---|\n",
			    f);
		}
		write_event(f, &audit_events[i]);
	}
	fputs("\n`<...>` is left out when a field in it is absent.\n"
	      "\n## Fields\n\n| RFC 5424, text | JSON | journal | kind | what "
	      "|\n|---|---|---|---|---|\n",
	    f);
	for (size_t i = 0; i < audit_field_count; i++)
		write_field(f, &audit_fields[i]);
	fputs("\n## Refusals\n\nThe field `refusal` has the code.\n\n"
	      "| code | why |\n|---|---|\n",
	    f);
	for (int i = REFUSAL_none + 1; i < REFUSAL_COUNT; i++)
		fprintf(f, "| `%s` | %s |\n", refusals[i].code,
		    refusals[i].sentence);
}

#ifndef AUDIT_DOC_IN_TEST
int
main(void)
{
	write_doc(stdout);
	return ferror(stdout) || fflush(stdout) != 0 ? EXIT_FAILURE :
						       EXIT_SUCCESS;
}
#endif
