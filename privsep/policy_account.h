/*
 * The account of a name on this machine, as facts for the policy.
 */
#ifndef PRIVSEP_POLICY_ACCOUNT_H
#define PRIVSEP_POLICY_ACCOUNT_H

#include "config/policy/tests.h"

/* A policy_account_fn: asks NSS, as the monitor does for a login. */
policy_account_fn policy_account;

#endif
