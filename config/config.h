/*
 * The configuration after it has been read: one const struct for the life of a
 * generation.  Read it, never write it; config/load.h makes it,
 * config/policy/policy.h decides with it.  The table in config/options.c alone
 * says which key of the text fills which member.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "lib/log.h"
#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONFIG_FILE_MAX		(1024 * 1024) /* bytes; larger is refused unread */
#define CONFIG_FILES_MAX	64 /* main file and drop-ins */
#define CONFIG_DEPTH_MAX	12 /* groups and lists in each other */
#define CONFIG_STRING_MAX	4096
#define CONFIG_LISTENERS_MAX	64
#define CONFIG_HOST_KEYS_MAX	32 /* of all listeners together */
#define CONFIG_RULES_MAX	1024
#define CONFIG_OVERLAYS_MAX	1024
#define CONFIG_GUARDS_MAX	64
#define CONFIG_TESTS_MAX	1024
#define CONFIG_LAYERS_MAX	(CONFIG_GUARDS_MAX + 8)
#define CONFIG_EXTENDS_MAX	8
#define CONFIG_NAME_MAX		63 /* names are kept in arrays of 64 */
#define CONFIG_MATCHES_MAX	32
#define CONFIG_CHANNEL_KIND_MAX 95
/* Bytes of the channel_timeouts of one rule and all guards, as text. */
#define CONFIG_CHANNELS_MAX 32768

/* "none", for every number whose text may say so: no limit, or never. */
#define CONFIG_NONE UINT32_MAX

/* Where a value was written.  line 0: nowhere, it is the default. */
struct origin {
	const char *file;
	unsigned line;
};

struct strings {
	char **items;
	size_t count;
};

/* A name and a value, with the place for error messages. */
struct pair {
	char *key;
	char *value;
	struct origin origin;
};

struct pairs {
	struct pair *items;
	size_t count;
};

/* Address blocks; one with negated set excludes. */
struct networks {
	struct net_network *items;
	size_t count;
};

/* ---- the server ---------------------------------------------------- */

enum crypto_profile {
	CRYPTO_MODERN,
	CRYPTO_COMPATIBLE,
	CRYPTO_FIPS,
	CRYPTO_CIS,
	CRYPTO_STIG,
	CRYPTO_LEGACY,
	CRYPTO_PROFILES, /* that have lists of their own */
	CRYPTO_SYSTEM = CRYPTO_PROFILES /* config/crypto_policy.h */
};

/*
 * The algorithm lists are final: the profile's list with + - ^ applied, each
 * name known, in order of preference.
 */
struct crypto_settings {
	uint32_t profile; /* enum crypto_profile */
	struct strings kex;
	struct strings gss_kex; /* before those, with kerberos.key_exchange */
	struct strings ciphers;
	struct strings macs;
	struct strings host_key_algorithms;
	struct strings ca_algorithms; /* may sign user certificates */
	struct strings key_algorithms; /* users' signatures: server-sig-algs */
	struct strings compression;
	uint64_t rekey_bytes;
	uint32_t rekey_seconds; /* CONFIG_NONE: by bytes only */
	uint32_t rsa_bits; /* smallest RSA key, of hosts and users */
	char *moduli_file;
};

struct listener {
	char *name;
	char *address; /* numeric, or "*": both families */
	uint16_t port;
	sa_family_t family; /* AF_UNSPEC for "*" */
	bool freebind; /* bind although the address is not up yet */
	char *banner; /* where the rule sets none; NULL: none */
	bool sets_banner; /* else that of the top level is shown */
	/* The offer in key exchange here: the top level's, but for what
	 * the listener sets itself; final like that. */
	struct crypto_settings crypto;
	struct strings host_keys;
	bool offers; /* sets some of it */
	/* The PROXY protocol here: config/sources.h. */
	struct proxy_settings {
		struct networks trusted; /* their connections begin with it */
		bool required; /* nobody else may connect */
	} proxy;
	struct networks health_sources;
	struct origin *origins; /* per row of the schema */
	struct origin origin;
};

struct startup_limit {
	uint32_t begin; /* unauthenticated connections: drop starts here, */
	uint32_t rate; /* with this many per cent, */
	uint32_t full; /* and all are dropped here */
};

struct source_limit {
	uint32_t connections; /* unauthenticated, per block; CONFIG_NONE */
	uint32_t prefix4;
	uint32_t prefix6;
};

/* Seconds each offence costs its source; as sshd's PerSourcePenalties. */
struct penalty_settings {
	bool enabled;
	uint32_t crash;
	uint32_t auth_failure;
	uint32_t invalid_user;
	uint32_t no_auth;
	uint32_t grace_exceeded;
	uint32_t refused;
	uint32_t minimum; /* not enforced below */
	uint32_t maximum; /* never grows above */
	/* so many failed logins within so many seconds block for some more */
	uint32_t failures; /* 0: however many */
	uint32_t within;
	uint32_t block;
	uint32_t max_sources4;
	uint32_t max_sources6;
	bool overflow_refuses; /* table full: refuse strangers (else forget) */
	uint32_t known_days; /* a source is known to an account so long */
	struct networks exempt;
};

struct limit_settings {
	uint32_t login_grace; /* seconds from accept to success */
	uint32_t max_auth_tries; /* failed credentials; a query is not one */
	uint32_t max_connections; /* authenticated and not; CONFIG_NONE */
	struct startup_limit startups;
	struct source_limit source;
	struct penalty_settings penalties;
	uint32_t window_max; /* bytes, receive window of one channel */
	uint32_t max_channels; /* of all kinds, in one connection */
};

/* Seconds a monitor's blocking call may take before the master ends it. */
struct deadline_settings {
	uint32_t pam;
	uint32_t nss;
	uint32_t key_command;
	uint32_t module;
	uint32_t files;
	uint32_t failure_delay; /* milliseconds: the floor under a refusal */
};

struct privsep_settings {
	char *worker_user;
	char *keyholder_user;
	char *ticketholder_user;
	char *helper_user; /* of modules that do not name another */
	char *recorder_user;
	char *empty_directory; /* the worker's root */
};

/* Settings of the ticketholder and the gssapi module. */
struct kerberos_settings {
	char *keytab;
	bool strict_acceptor;
	bool key_exchange; /* GSS-API's methods are offered */
};

enum log_format_setting {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_RFC5424,
	LOG_FORMAT_JSON,
	LOG_FORMAT_CLASSIC
};

struct log_settings {
	uint32_t level; /* enum log_level of lib/log.h */
	uint32_t facility; /* LOG_AUTH ... of <syslog.h> */
	uint32_t format; /* enum log_format_setting */
	char *ident;
	struct strings targets; /* "syslog", "stderr", "/absolute/file" */
};

enum linux_audit_setting { LINUX_AUDIT_OFF, LINUX_AUDIT_AUTO, LINUX_AUDIT_ON };

struct audit_settings {
	uint32_t kernel; /* enum linux_audit_setting: audit.linux */
	uint32_t checkpoint; /* seconds */
	bool file_digest;
};

enum record_owner {
	OWNER_NONE,
	OWNER_SERVER,
	OWNER_PAM /* a PAM module shows it; the server must not */
};

struct record_settings {
	bool utmp;
	bool wtmp;
	bool lastlog;
	bool btmp;
	uint32_t motd; /* enum record_owner: who prints /etc/motd */
	uint32_t last_login; /* enum record_owner: who prints "Last login" */
	uint32_t nologin; /* enum record_owner: who obeys /etc/nologin */
};

struct recording_settings {
	char *directory;
};

struct environment_settings {
	char *path; /* PATH of a user */
	char *root_path; /* PATH of uid 0 */
};

/* A subsystem the server offers; command NULL: served by ourselves. */
struct subsystem {
	char *name;
	char *command;
	struct origin origin;
};

/*
 * A module to load.  Options are opaque here: a list of scalars gives one
 * pair for each, a group's members are "group.member", booleans are
 * "true"/"false", numbers decimal.
 */
struct module_settings {
	char *name; /* as chains say it, "pam" */
	char *file; /* absolute, or a name in module_directory */
	char *helper_user; /* of its helper process, if it has one */
	struct pairs options;
	struct origin origin;
};

/* ---- the policy ----------------------------------------------------- */

/* One step of a chain: "keyboard-interactive:pam/sallyport-otp". */
struct chain_step {
	char *method;
	char *module; /* NULL: whichever module serves the method */
	char *service; /* NULL: the module's own; else its parameter */
};

#define CHAIN_STEPS_MAX 16 /* steps that one login can take */

struct chain {
	char *text; /* as written */
	struct chain_step *steps;
	size_t count;
};

struct chains {
	struct chain *items;
	size_t count;
};

/*
 * One permitted target: "*.example.com:443", "10.0.0.0/8:*", "[::1]:22",
 * "=db:5432".  Addresses are addresses and names are names: each kind looks at
 * one of them only.
 */
enum target_kind {
	TARGET_ANY, /* "*": every address, under every name */
	TARGET_NETWORK, /* addresses of network */
	TARGET_ADDRESS, /* host is a pattern for IPv4 addresses: "10.1.*" */
	TARGET_NAME, /* host is a pattern for names */
	TARGET_TYPED /* host is what the client types, as sshd compares */
};

struct target {
	enum target_kind kind;
	char *text;
	char *host; /* NULL for TARGET_NETWORK */
	struct net_network network;
	uint16_t port_first;
	uint16_t port_last;
};

struct targets {
	struct target *items;
	size_t count;
};

/* "mon-fri 08:00-18:00 Europe/Berlin"; past midnight when last < first. */
struct time_window {
	char *text;
	unsigned days; /* bit 0 Sunday ... bit 6 Saturday */
	unsigned first; /* minutes since midnight */
	unsigned last; /* the first minute outside; up to 1440 */
	char *zone; /* NULL: the machine's */
};

struct time_windows {
	struct time_window *items;
	size_t count;
};

/* "direct-tcpip=10m": seconds of silence that close channels of a kind. */
struct channel_timeout {
	char *kind; /* as sshd's ChannelTimeout; wildcards; "session:shell" */
	uint32_t seconds;
};

struct channel_timeouts {
	struct channel_timeout *items;
	size_t count;
};

enum root_login {
	ROOT_NO,
	ROOT_FORCED_COMMAND, /* with a key, into a forced command */
	ROOT_PROHIBIT_PASSWORD, /* no chain with a password or a dialogue */
	ROOT_KEY, /* a chain that proves a key, not a password alone */
	ROOT_YES
};

enum tun_permission {
	TUN_NO,
	TUN_POINT_TO_POINT = 1,
	TUN_ETHERNET = 2,
	TUN_BOTH = 3
};

/* Bits, for tightening. */
enum tcp_forward {
	TCP_FORWARD_NO,
	TCP_FORWARD_LOCAL = 1,
	TCP_FORWARD_REMOTE = 2,
	TCP_FORWARD_BOTH = 3
};

enum gateway_ports {
	GATEWAY_NO, /* remote forwards listen on loopback only */
	GATEWAY_CLIENT, /* where the client asks */
	GATEWAY_YES /* on every address, whatever the client asks */
};

enum hang_up {
	HANG_UP_TERMINALS, /* what runs without one goes on */
	HANG_UP_ALL
};

/* The C type of a grant's member, by the type in its row. */
#define GRANT_C_BOOL	     bool
#define GRANT_C_NUMBER	     uint32_t
#define GRANT_C_TIME	     uint32_t
#define GRANT_C_GRACE	     uint32_t /* 0: at once; CONFIG_NONE: never */
#define GRANT_C_SIZE	     uint64_t
#define GRANT_C_CHOICE	     uint32_t /* the enum that its words name */
#define GRANT_C_MODE	     uint32_t
#define GRANT_C_STRING	     char *
#define GRANT_C_NAME	     char *
#define GRANT_C_PATH	     char *
#define GRANT_C_HOME_PATH    char *
#define GRANT_C_STRINGS	     struct strings
#define GRANT_C_LOGINS	     struct strings
#define GRANT_C_GROUPS	     struct strings
#define GRANT_C_FINGERPRINTS struct strings
#define GRANT_C_COMMANDS     struct strings
#define GRANT_C_SETENV	     struct strings
#define GRANT_C_CHAINS	     struct chains
#define GRANT_C_TARGETS	     struct targets
#define GRANT_C_TIMES	     struct time_windows
#define GRANT_C_CHANNELS     struct channel_timeouts

/* Every key a rule may set: a row of config/policy/grants.h. */
#define GRANT(name, ...) GRANT_##name,
enum grant {
#include "config/policy/grants.h"
	GRANT_COUNT
};

/*
 * A value for each grant, and where it was set.  In a rule as loaded all are
 * filled: its own, inherited, implied or the default; origins[] tells which
 * (line 0: default).
 */
#define GRANT(name, type, ...) GRANT_C_##type name;
struct grants {
#include "config/policy/grants.h"
	struct origin origins[GRANT_COUNT];
};

/* Whom a rule is for.  What is empty is not asked; all that stands must hold.
 */
struct uid_range {
	uid_t first;
	uid_t last;
};

struct uid_ranges {
	struct uid_range *items;
	size_t count;
};

struct rule_match {
	struct strings users; /* patterns; "!" excludes */
	struct strings groups; /* patterns; "!" excludes */
	struct uid_ranges uids;
	struct networks from;
	struct strings listeners;
	struct time_windows times;
	bool invalid_user; /* only names that do not exist */
	bool by_grant; /* rules only: while a grant for a time holds */
	/* guards only */
	struct strings methods;
	struct strings key_types;
	struct strings key_sources;
	struct strings key_cas;
	struct strings principals;
	bool delegated; /* only logins that delegated tickets */
	struct strings realms;
	struct origin origin;
};

struct rule {
	char *name;
	char *extends; /* NULL */
	struct rule_match *matches; /* all must hold; none: everybody */
	size_t match_count;
	struct grants grants;
	/* guards only: chains with these methods are dropped, */
	struct strings forbid;
	/* and these steps are appended to each chain that lacks them. */
	struct chain require;
	/* overlays only: the list was written with + before its entries */
	bool joins[GRANT_COUNT];
	struct origin forbid_origin;
	struct origin require_origin;
	struct origin origin;
};

/* ---- its tests ------------------------------------------------------ */

enum test_outcome {
	TEST_ALLOW,
	TEST_MORE, /* a guard asks for more methods */
	TEST_DENY
};

/* One login, and what the policy is to say of it. */
struct policy_test {
	char *name;
	char *user;
	uint32_t uid; /* CONFIG_NONE: not given */
	bool groups_given;
	struct strings groups;
	bool invalid_user; /* there is no such user */
	struct strings granted; /* rules for which it has a grant */
	char *from; /* a numeric address; NULL, as all below: not given */
	char *listener;
	char *at; /* as policy_moment() reads it */
	struct strings methods; /* as they were walked */
	char *key_type;
	char *key_source;
	char *key_ca;
	uint32_t key_bits;
	bool key_touch;
	bool key_verify;
	char *key_command;
	char *principal;
	bool delegated;
	uint32_t expect; /* enum test_outcome */
	char *rule; /* rule, overlay or guard that decides */
	uint32_t reason; /* enum refusal; 0: not given */
	struct grants *grants; /* those with an origin are compared */
	struct origin origin;
};

/* ---- all of it ------------------------------------------------------ */

struct config {
	struct listener *listeners;
	size_t listener_count;
	struct strings host_keys; /* private key files of the top level */
	struct strings host_key_files; /* all that are used, each once */
	struct strings host_certificates; /* *-cert.pub files */
	struct crypto_settings crypto;
	struct limit_settings limits;
	struct deadline_settings deadlines;
	struct privsep_settings privsep;
	struct kerberos_settings kerberos;
	struct log_settings log;
	struct audit_settings audit;
	struct record_settings records;
	struct recording_settings recordings;
	struct environment_settings environment;
	char *pid_file; /* NULL: none */
	char *control_socket; /* NULL: none */
	char *version_software; /* NULL: ours */
	char *version_addendum; /* NULL: none */
	char *banner; /* of rules that set none; NULL: none */
	char *xauth;
	uint32_t x11_display_offset;
	bool private_groups;
	bool tcp_keepalive;
	char *grants_directory;
	uint32_t recheck_interval; /* seconds, CONFIG_NONE */
	bool reload_needs_listeners; /* all open, or it is refused */
	struct networks health_sources; /* config/sources.h */
	uint32_t ip_qos_interactive; /* DSCP in TOS byte; CONFIG_NONE: leave */
	uint32_t ip_qos_bulk;
	char *module_directory;
	struct module_settings *modules;
	size_t module_count;
	struct subsystem *subsystems;
	size_t subsystem_count;
	struct rule *rules; /* in order; the first that matches decides */
	size_t rule_count;
	struct rule *overlays; /* in order; each sets what is not set yet */
	size_t overlay_count;
	struct rule *guards; /* all that match apply */
	size_t guard_count;
	struct policy_test *tests;
	size_t test_count;
	char *decoy_name; /* as written; NULL: the default */
	struct rule *decoy; /* whom nobody else wants; never NULL */
	struct origin *origins; /* per row of the schema, for show */
	void *arena; /* everything above lives here */
};

#endif
