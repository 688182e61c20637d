/*
 * Does a configuration use Kerberos: then the master starts a ticketholder,
 * and the keytab is looked at.
 */
#include "config/kerberos.h"

#include <string.h>

bool
config_uses_kerberos(const struct config *config)
{
	for (size_t i = 0; i < config->module_count; i++) {
		const char *file = config->modules[i].file;
		const char *slash = strrchr(file, '/');

		if (strcmp(slash != NULL ? slash + 1 : file, "gssapi.so") == 0)
			return true;
	}
	return false;
}

bool
config_exchanges_by_gss(const struct config *config)
{
	return config->kerberos.key_exchange && config_uses_kerberos(config);
}
