/*
 * The keys of one of the policy's own tests, one row each: part of the table in
 * config/options.c, for that file alone.
 */
/* clang-format off */
    T("name", name, STRING, 0, 128, REQUIRED, NULL, NULL,
	"What it is about, for the message when it fails."),
    T("user", user, STRING, 0, 256, REQUIRED, NULL, NULL,
	"Who logs in. With uid or groups the test says itself who that is; "
	"without either the account of this machine is looked up, which "
	"sallyportctl check --lint does not do."),
    T("uid", uid, NUMBER, 0, UINT32_MAX - 1, NONE, "\"none\"", NULL,
	"The user's uid; root's is 0 without it."),
    T("groups", groups, STRINGS, 0, 1024, 0, "[]", NULL,
	"Names of all groups of the user; [ ] for none."),
    T("invalid_user", invalid_user, BOOL, 0, 0, 0, "false", NULL,
	"true: there is no such user."),
    T("granted", granted, STRINGS, 0, 64, 0, "[]", NULL,
	"Names of the rules for which the user has a grant for a time."),
    T("from", from, STRING, 0, 0, 0, NULL, NULL,
	"The address that the connection comes from."),
    T("listener", listener, NAME, 0, 0, 0, NULL, NULL,
	"The listener that it comes to; the only one where there is one."),
    T("at", at, STRING, 0, 0, 0, NULL, NULL,
	"When: \"2026-11-30 09:00\", with a zone behind it or in the "
	"machine's, or \"@SECONDS\" since 1970."),
    T("methods", methods, STRINGS, 0, 16, 0, "[]", NULL,
	"What was walked to authenticate, in order: \"publickey\", "
	"\"keyboard-interactive:pam/otp\". Without it the decision is that "
	"before authentication."),
    T("key_type", key_type, STRING, 0, 0, 0, NULL, NULL,
	"The type of the key that signed; a type of certificates needs key_ca, "
	"an RSA key key_bits, a key of a security token key_touch and "
	"key_verify."),
    T("key_source", key_source, NAME, 0, 0, 0, NULL, NULL,
	"The name of the key source that had the key."),
    T("key_ca", key_ca, STRING, 0, 0, 0, NULL, NULL,
	"SHA256 fingerprint of the authority that certified the key."),
    T("key_bits", key_bits, NUMBER, 0, 65536, 0, "0", NULL,
	"The length of the key."),
    T("key_touch", key_touch, BOOL, 0, 0, 0, "false", NULL,
	"Whether the token was touched."),
    T("key_verify", key_verify, BOOL, 0, 0, 0, "false", NULL,
	"Whether the token verified the user."),
    T("key_command", key_command, STRING, 0, 0, 0, NULL, NULL,
	"The key's own forced command."),
    T("principal", principal, STRING, 3, 1024, 0, NULL, NULL,
	"The Kerberos principal that came in with a ticket, \"user@REALM\"."),
    T("delegated", delegated, BOOL, 0, 0, 0, "false", NULL,
	"Whether that client has delegated tickets."),
    T("expect", expect, CHOICE, 0, 0, REQUIRED, NULL, outcome_choices,
	"What is to come: allow, deny, or more: a guard that judges the method "
	"or the key asks for more methods. A refusal because the policy asks "
	"what the test does not give is none of them."),
    T("rule", rule, NAME, 0, 0, 0, NULL, NULL,
	"The rule, overlay or guard that is to decide."),
    T("reason", reason, CHOICE, 0, 0, 0, NULL, reason_choices,
	"Why it is to be refused, as the events say it."),
    T("grants", grants, LIST, 0, 0, 0, NULL, NULL,
	"A group of grants with the value that each is to have in the end. Of "
	"a list where every list must allow, the value is the one list that does "
	"not allow everything."),
