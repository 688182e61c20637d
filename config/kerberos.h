/*
 * Does a configuration use Kerberos?
 */
#ifndef CONFIG_KERBEROS_H
#define CONFIG_KERBEROS_H

#include "config/config.h"

/* Is the module gssapi among its modules, under whatever name? */
bool config_uses_kerberos(const struct config *config);

/* Are key exchange methods of GSS-API offered, by each listener? */
bool config_exchanges_by_gss(const struct config *config);

#endif
