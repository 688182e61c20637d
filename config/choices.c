/*
 * The words of those keys that take one of a few.  For config/options.c.
 */
#include "config/choices.h"

#include "config/config.h"
#include "config/policy/policy.h"

#include <syslog.h>

const struct choice profile_choices[] = {{"modern", CRYPTO_MODERN},
    {"compatible", CRYPTO_COMPATIBLE}, {"fips", CRYPTO_FIPS},
    {"cis", CRYPTO_CIS}, {"stig", CRYPTO_STIG}, {"legacy", CRYPTO_LEGACY},
    {"system", CRYPTO_SYSTEM}, {NULL, 0}};
const struct choice level_choices[] = {{"quiet", LOG_LEVEL_QUIET},
    {"error", LOG_LEVEL_ERROR}, {"warn", LOG_LEVEL_WARN},
    {"info", LOG_LEVEL_INFO}, {"verbose", LOG_LEVEL_VERBOSE},
    {"debug", LOG_LEVEL_DEBUG}, {NULL, 0}};
const struct choice format_choices[] = {{"classic", LOG_FORMAT_CLASSIC},
    {"text", LOG_FORMAT_TEXT}, {"rfc5424", LOG_FORMAT_RFC5424},
    {"json", LOG_FORMAT_JSON}, {NULL, 0}};
const struct choice facility_choices[] = {{"auth", LOG_AUTH},
    {"authpriv", LOG_AUTHPRIV}, {"daemon", LOG_DAEMON}, {"user", LOG_USER},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},
    {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7}, {NULL, 0}};
const struct choice linux_audit_choices[] = {{"off", LINUX_AUDIT_OFF},
    {"auto", LINUX_AUDIT_AUTO}, {"on", LINUX_AUDIT_ON}, {NULL, 0}};
const struct choice owner_choices[] = {{"none", OWNER_NONE},
    {"server", OWNER_SERVER}, {"pam", OWNER_PAM}, {NULL, 0}};
const struct choice root_choices[] = {{"no", ROOT_NO},
    {"forced-command", ROOT_FORCED_COMMAND},
    {"prohibit-password", ROOT_PROHIBIT_PASSWORD}, {"key", ROOT_KEY},
    {"yes", ROOT_YES}, {NULL, 0}};
const struct choice tun_choices[] = {{"no", TUN_NO},
    {"point-to-point", TUN_POINT_TO_POINT}, {"ethernet", TUN_ETHERNET},
    {"yes", TUN_BOTH}, {NULL, 0}};
const struct choice tcp_choices[] = {{"no", TCP_FORWARD_NO},
    {"local", TCP_FORWARD_LOCAL}, {"remote", TCP_FORWARD_REMOTE},
    {"yes", TCP_FORWARD_BOTH}, {NULL, 0}};
const struct choice gateway_choices[] = {{"no", GATEWAY_NO},
    {"client", GATEWAY_CLIENT}, {"yes", GATEWAY_YES}, {NULL, 0}};
const struct choice hang_up_choices[] = {
    {"terminals", HANG_UP_TERMINALS}, {"all", HANG_UP_ALL}, {NULL, 0}};
/* The DSCP classes, as the byte that IP_TOS takes. */
const struct choice qos_choices[] = {{"none", CONFIG_NONE}, {"cs0", 0x00},
    {"cs1", 0x20}, {"cs2", 0x40}, {"cs3", 0x60}, {"cs4", 0x80}, {"cs5", 0xa0},
    {"cs6", 0xc0}, {"cs7", 0xe0}, {"af11", 0x28}, {"af12", 0x30},
    {"af13", 0x38}, {"af21", 0x48}, {"af22", 0x50}, {"af23", 0x58},
    {"af31", 0x68}, {"af32", 0x70}, {"af33", 0x78}, {"af41", 0x88},
    {"af42", 0x90}, {"af43", 0x98}, {"ef", 0xb8}, {"le", 0x04}, {NULL, 0}};
const struct choice outcome_choices[] = {
    {"allow", TEST_ALLOW}, {"deny", TEST_DENY}, {"more", TEST_MORE}, {NULL, 0}};
/* The refusals that a policy decides. */
#define CHOICE_POLICY(code) {#code, REFUSAL_##code},
#define CHOICE_LOGIN(code)
#define CHOICE(kind, code, ...) CHOICE_##kind(code)
const struct choice reason_choices[] = {REFUSAL_LIST(CHOICE){NULL, 0}};
