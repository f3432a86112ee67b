/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PARAMS_H
#define __LIB_PARAMS_H

#include <stdint.h>

/*
 * What a user may set: cg_limit by the environment variable CG_LIMIT or, before
 * that, by the option --cg-limit, and so on.  params.c is the one place that
 * knows names, units, bounds and defaults.
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

#endif /* __LIB_PARAMS_H */
