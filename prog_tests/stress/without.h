/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_WITHOUT_H
#define __PROG_TESTS_STRESS_WITHOUT_H

#include <stdbool.h>

/* What a user may leave out, so that a known bug does not hide others. */
enum without {
	/* steps */
	WITHOUT_ATTACH,
	WITHOUT_DETACH,
	WITHOUT_MKDIR,
	WITHOUT_RMDIR,
	WITHOUT_CONTROLLER,
	/* kinds of attaches */
	WITHOUT_OVERRIDE,	/* with BPF_F_ALLOW_OVERRIDE */
	WITHOUT_BAD_FLAGS,	/* with a bit that means nothing */
	WITHOUT_BAD_FD,		/* to no cgroup */
	/* what other tasks do while ops are attached at the same time */
	WITHOUT_READ,
	WITHOUT_RECLAIM,
	WITHOUT_CHURN,
	WITHOUT_KILL,
	WITHOUT_NR,
};

/**
 * without_init() - take what is to be left out
 * @list: names with commas between them, or ""
 *
 * Exits with status 2 after a line on stderr if there is no such name.
 */
void without_init(const char *list);

/**
 * without() - whether something is to be left out
 * @what: what
 *
 * Return: true if it is.
 */
bool without(enum without what);

/**
 * without_steps() - whether all steps are to be left out
 *
 * Return: NULL, or a text that says so, to skip a test with.
 */
const char *without_steps(void);

#endif /* __PROG_TESTS_STRESS_WITHOUT_H */
