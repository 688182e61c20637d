/*
 * The requirements of the benchmarks on an SSH server, and how they are checked
 * here: one row a requirement in tables.c, one row an item in items.h.
 */
#ifndef CONFIG_COMPLIANCE_TABLES_H
#define CONFIG_COMPLIANCE_TABLES_H

#include "config/compliance/look.h"

enum benchmark {
	BENCHMARK_CIS_DEBIAN12,
	BENCHMARK_CIS_RHEL9,
	BENCHMARK_STIG_RHEL9,
	BENCHMARK_STIG_UBUNTU2404,
	BENCHMARKS
};

struct question {
	const char *key;
	enum demand_operator how;
	const char *value; /* as in the configuration */
};

#define QUESTIONS_MAX 8

/*
 * Questions, which must all hold; or a look at what no key says; or neither,
 * where a reason stands: fixed by design, or without meaning here.
 */
struct check {
	struct question questions[QUESTIONS_MAX];
	look_fn *look;
	const char *asked; /* NULL: the questions themselves */
	const char *reason;
	bool meaningless; /* the reason says why it does not apply */
	const char *proof;
	/* A drop-in for policy.d, or a command behind "# "; NULL: the package
	 * must be mended. */
	const char *change;
};

struct item_row {
	const char *id;
	const char *severity;
	const char *title;
	const struct check *check;
};

struct benchmark_row {
	const char *name;
	const char *title;
	const struct item_row *items;
	size_t count;
};

extern const struct benchmark_row benchmarks[BENCHMARKS];

/* NULL: there is none of that name. */
const struct benchmark_row *benchmark_find(const char *name);

#endif
