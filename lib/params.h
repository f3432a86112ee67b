/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PARAMS_H
#define __LIB_PARAMS_H

#include <stdint.h>

/*
 * What a user may set of the tests: cg_limit by the option --cg-limit or, without
 * that, by the environment variable CG_LIMIT, and so on.  params.c has the table of
 * names, units, bounds and defaults.  Nobody else writes to it.
 */
struct params {
	uint64_t cg_limit;	/* bytes: memory.max of the parent of HIGH and LOW */
	uint64_t file_size;	/* bytes of the file of each; a quarter of it */
	unsigned int over_high_ms;	/* delay that the ops of LOW ask for */
	unsigned int threshold;	/* page faults of HIGH a second, to trigger */
	const char *scratch_dir;	/* a directory on a disk, for data files */
	unsigned int seed;	/* of what is random; a random one if none is set */
	unsigned int stress_seconds;	/* how long each stress test goes on */
	unsigned int stress_steps;	/* or how many steps it takes, if not 0 */
	const char *without;	/* steps of stress to leave out, as a user wrote them */
};

extern struct params params;

/**
 * params_init() - take the parameters from the command line and the environment
 * @argc: number of arguments, without ours when it returns
 * @argv: the arguments, of which the options that set parameters are removed
 *
 * Exits with status 2 after a line on stderr if one makes no sense or an option
 * with two dashes is not known; prints the parameters for --help.
 */
void params_init(int *argc, char **argv);

/**
 * params_fit_runner() - refuse STRESS_SECONDS that the kselftest runner cuts short
 *
 * For the program that takes so long.  Exits with status 2 after a line on stderr that says
 * how the limit of the runner is raised.
 */
void params_fit_runner(void);

/**
 * params_export() - hand on what the user has set to a program that is to be run
 *
 * Return: 0, or a negative errno.
 */
int params_export(void);

#endif /* __LIB_PARAMS_H */
