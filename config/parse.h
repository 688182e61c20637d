/*
 * The small languages in the configuration's strings.  Each function returns
 * NULL on success, else what is wrong and what would be right; results live
 * in the arena and leave on success only.
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "config/arena.h"
#include "config/config.h"

/* "90", "1h30m", "2d"; units s m h d w. */
const char *parse_time(const char *text, uint64_t *seconds);
/* "close": 0; "grace 5m"; "ignore": CONFIG_NONE. */
const char *parse_grace(const char *text, uint64_t *seconds);
/* "4096", "64K", "1G"; units K M G T of 1024. */
const char *parse_size(const char *text, uint64_t *bytes);
/* "0755": octal digits, up to 07777. */
const char *parse_mode(const char *text, uint32_t *mode);
const char *parse_network(const char *text, struct net_network *network);
/* "1000", "1000-60000". */
const char *parse_uids(const char *text, struct uid_range *range);
/* "publickey,keyboard-interactive:pam/otp". */
const char *parse_chain(
    struct arena *arena, const char *text, struct chain *chain);
/* "system", "journal", "syslog", "stderr": not a file. */
const char *parse_log_target(const char *text);
/* "host:port", "10.0.0.0/8:1-1023", "[2001:db8::]/32:*", "*:*". */
const char *parse_target(
    struct arena *arena, const char *text, struct target *target);
/* "[days] HH:MM-HH:MM [zone]". */
const char *parse_window(
    struct arena *arena, const char *text, struct time_window *window);
/* "kind=time". */
const char *parse_channel(
    struct arena *arena, const char *text, struct channel_timeout *timeout);
/* "NAME=value" with a name that a shell takes. */
const char *parse_assignment(const char *text);
/* "USER" or "USER@NETWORK,!NETWORK": patterns of users. */
const char *parse_login(const char *text);
/* A pattern of groups. */
const char *parse_group(const char *text);
const char *parse_fingerprint(const char *text);
/* Letters, digits and . _ - ; at most CONFIG_NAME_MAX. */
const char *parse_name(const char *text);

#endif
