/*
 * Compliance checks that no single key answers: files and their modes, modules,
 * access lists.
 */
#ifndef CONFIG_COMPLIANCE_LOOK_H
#define CONFIG_COMPLIANCE_LOOK_H

#include "config/compliance/report.h"

struct looking {
	const struct config *config;
	const struct bundle *bundle; /* the files it was read from */
	struct report *report;
	struct item *item; /* what was asked before has been added */
};

typedef void look_fn(const struct looking *l);

/* look.c */
look_fn look_access_list; /* does every rule ask who comes? */
look_fn look_banner; /* is the file there that is to be shown? */
look_fn look_host_files; /* files of users that hostbased would read */
look_fn look_pam; /* the module that asks PAM */
look_fn look_passwords; /* does only PAM judge them? */
look_fn look_key_exchange; /* by GSS-API */
look_fn look_policy_file; /* does the machine have a policy on algorithms? */

/* files.c */
look_fn look_config_files; /* root's, 0600, their directory 0700 or 0755 */
look_fn look_config_owner;
look_fn look_config_group;
look_fn look_config_modes;
look_fn look_private_keys;
look_fn look_public_keys;
look_fn look_program; /* the server is installed */
look_fn look_enabled; /* and started with the machine */

#endif
