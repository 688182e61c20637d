/*
 * Every keyword of sshd_config up to OpenSSH 10.5, and of Debian's and Red
 * Hat's patches, and what becomes of it.
 */
#include "config/importer.h"

#include <string.h>
#include <strings.h>

#define OBSOLETE "obsolete: sshd ignores it too"
#define KERBEROS "passwords against the KDC are PAM's work (pam_krb5)"
#define GSSAPI	 "no gssapi module is shipped"

/* clang-format off: a keyword, a line */
static const struct import_word words[] = {
    {"acceptenv", WORD_RULE, NULL},
    {"addressfamily", WORD_SERVER, NULL},
    {"allowagentforwarding", WORD_RULE, NULL},
    {"allowgroups", WORD_RULE, NULL},
    {"allowstreamlocalforwarding", WORD_RULE, NULL},
    {"allowtcpforwarding", WORD_RULE, NULL},
    {"allowusers", WORD_RULE, NULL},
    {"authenticationmethods", WORD_RULE, NULL},
    {"authorizedkeyscommand", WORD_RULE, NULL},
    {"authorizedkeyscommanduser", WORD_RULE, NULL},
    {"authorizedkeysfile", WORD_RULE, NULL},
    {"authorizedprincipalscommand", WORD_RULE, NULL},
    {"authorizedprincipalscommanduser", WORD_RULE, NULL},
    {"authorizedprincipalsfile", WORD_RULE, NULL},
    {"banner", WORD_RULE, NULL},
    {"casignaturealgorithms", WORD_RULE, NULL},
    {"channeltimeout", WORD_RULE, NULL},
    {"chrootdirectory", WORD_RULE, NULL},
    {"ciphers", WORD_SERVER, NULL},
    {"clientalivecountmax", WORD_RULE, NULL},
    {"clientaliveinterval", WORD_RULE, NULL},
    {"compression", WORD_SERVER, NULL},
    {"debianbanner", WORD_IGNORED,
	"sallyport's version line names no distribution"},
    {"denygroups", WORD_RULE, NULL},
    {"denyusers", WORD_RULE, NULL},
    {"disableforwarding", WORD_RULE, NULL},
    {"exposeauthinfo", WORD_RULE, NULL},
    {"fingerprinthash", WORD_FIXED, "sha256"},
    {"forcecommand", WORD_RULE, NULL},
    {"gatewayports", WORD_RULE, NULL},
    {"gssapiauthentication", WORD_FIXED, "no"},
    {"gssapicleanupcredentials", WORD_IGNORED, GSSAPI},
    {"gssapidelegatecredentials", WORD_IGNORED, GSSAPI},
    {"gssapienablek5users", WORD_IGNORED, GSSAPI},
    {"gssapikexalgorithms", WORD_IGNORED, GSSAPI},
    {"gssapikeyexchange", WORD_FIXED, "no"},
    {"gssapistorecredentialsonrekey", WORD_IGNORED, GSSAPI},
    {"gssapistrictacceptorcheck", WORD_IGNORED, GSSAPI},
    {"hostbasedacceptedalgorithms", WORD_UNSUPPORTED,
	"hostbased takes what crypto.key_algorithms has"},
    {"hostbasedauthentication", WORD_RULE, NULL},
    {"hostbasedusesnamefrompacketonly", WORD_RULE, NULL},
    {"hostcertificate", WORD_SERVER, NULL},
    {"hostkey", WORD_SERVER, NULL},
    {"hostkeyagent", WORD_FIXED, "none"},
    {"hostkeyalgorithms", WORD_SERVER, NULL},
    {"ignorerhosts", WORD_RULE, NULL},
    {"ignoreuserknownhosts", WORD_FIXED, "yes"},
    {"include", WORD_RULE, NULL},
    {"ipqos", WORD_RULE, NULL},
    {"kbdinteractiveauthentication", WORD_RULE, NULL},
    {"kerberosauthentication", WORD_FIXED, "no"},
    {"kerberosgetafstoken", WORD_IGNORED, KERBEROS},
    {"kerberosorlocalpasswd", WORD_IGNORED, KERBEROS},
    {"kerberosticketcleanup", WORD_IGNORED, KERBEROS},
    {"kerberosusekuserok", WORD_IGNORED, KERBEROS},
    {"kexalgorithms", WORD_SERVER, NULL},
    {"listenaddress", WORD_SERVER, NULL},
    {"logingracetime", WORD_SERVER, NULL},
    {"loglevel", WORD_RULE, NULL},
    {"logverbose", WORD_IGNORED, "a developer's aid"},
    {"macs", WORD_SERVER, NULL},
    {"match", WORD_RULE, NULL},
    {"maxauthtries", WORD_RULE, NULL},
    {"maxsessions", WORD_RULE, NULL},
    {"maxstartups", WORD_SERVER, NULL},
    {"modulifile", WORD_SERVER, NULL},
    {"pamservicename", WORD_RULE, NULL},
    {"passwordauthentication", WORD_RULE, NULL},
    {"permitemptypasswords", WORD_FIXED, "no"},
    {"permitlisten", WORD_RULE, NULL},
    {"permitopen", WORD_RULE, NULL},
    {"permitrootlogin", WORD_RULE, NULL},
    {"permittty", WORD_RULE, NULL},
    {"permittunnel", WORD_RULE, NULL},
    {"permituserenvironment", WORD_FIXED, "no"},
    {"permituserrc", WORD_RULE, NULL},
    {"persourcemaxstartups", WORD_SERVER, NULL},
    {"persourcenetblocksize", WORD_SERVER, NULL},
    {"persourcepenalties", WORD_SERVER, NULL},
    {"persourcepenaltyexemptlist", WORD_SERVER, NULL},
    {"pidfile", WORD_SERVER, NULL},
    {"port", WORD_SERVER, NULL},
    {"printlastlog", WORD_SERVER, NULL},
    {"printmotd", WORD_SERVER, NULL},
    {"pubkeyacceptedalgorithms", WORD_RULE, NULL},
    {"pubkeyauthentication", WORD_RULE, NULL},
    {"pubkeyauthoptions", WORD_RULE, NULL},
    {"rdomain", WORD_FIXED, "none"},
    {"refuseconnection", WORD_RULE, NULL},
    {"rekeylimit", WORD_RULE, NULL},
    {"requiredrsasize", WORD_RULE, NULL},
    {"revokedkeys", WORD_RULE, NULL},
    {"securitykeyprovider", WORD_FIXED, "internal"},
    {"setenv", WORD_RULE, NULL},
    {"sshdauthpath", WORD_IGNORED, "sallyport's processes are its own"},
    {"sshdsessionpath", WORD_IGNORED, "sallyport's processes are its own"},
    {"streamlocalbindmask", WORD_RULE, NULL},
    {"streamlocalbindunlink", WORD_RULE, NULL},
    {"strictmodes", WORD_FIXED, "yes"},
    {"subsystem", WORD_RULE, NULL},
    {"syslogfacility", WORD_SERVER, NULL},
    {"tcpkeepalive", WORD_SERVER, NULL},
    {"trustedusercakeys", WORD_RULE, NULL},
    {"unusedconnectiontimeout", WORD_RULE, NULL},
    {"usedns", WORD_FIXED, "no"},
    {"usepam", WORD_FIXED, "yes"},
    {"versionaddendum", WORD_SERVER, NULL},
    {"x11displayoffset", WORD_RULE, NULL},
    {"x11forwarding", WORD_RULE, NULL},
    {"x11uselocalhost", WORD_FIXED, "yes"},
    {"xauthlocation", WORD_SERVER, NULL},
    {"afstokenpassing", WORD_IGNORED, OBSOLETE},
    {"authorizedkeysfile2", WORD_IGNORED, OBSOLETE},
    {"checkmail", WORD_IGNORED, OBSOLETE},
    {"exposeauthenticationmethods", WORD_IGNORED, OBSOLETE},
    {"kerberostgtpassing", WORD_IGNORED, OBSOLETE},
    {"keyregenerationinterval", WORD_IGNORED, OBSOLETE},
    {"protocol", WORD_IGNORED, OBSOLETE},
    {"reversemappingcheck", WORD_IGNORED, OBSOLETE},
    {"rhostsauthentication", WORD_IGNORED, OBSOLETE},
    {"rhostsrsaauthentication", WORD_IGNORED, OBSOLETE},
    {"rsaauthentication", WORD_IGNORED, OBSOLETE},
    {"serverkeybits", WORD_IGNORED, OBSOLETE},
    {"uselogin", WORD_IGNORED, OBSOLETE},
    {"useprivilegeseparation", WORD_IGNORED, OBSOLETE},
    {"verifyreversemapping", WORD_IGNORED, OBSOLETE},
};
/* clang-format on */

static const char *const aliases[][2] = {
    {"challengeresponseauthentication", "kbdinteractiveauthentication"},
    {"dsaauthentication", "pubkeyauthentication"},
    {"hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms"},
    {"hostdsakey", "hostkey"},
    {"keepalive", "tcpkeepalive"},
    {"pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"},
    {"skeyauthentication", "kbdinteractiveauthentication"},
};

const struct import_word *
import_find_word(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcasecmp(name, aliases[i][0]) == 0)
			name = aliases[i][1];
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(name, words[i].name) == 0)
			return &words[i];
	}
	return NULL;
}
