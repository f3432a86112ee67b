/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PARAMS_H
#define __LIB_PARAMS_H

#include <stdint.h>

/*
 * What a user may set, by an environment variable of the same name in capitals.
 * This is the one place that knows names, units and defaults.
 */
struct params {
	uint64_t cg_limit;	/* bytes: memory.max of the parent of HIGH and LOW */
	uint64_t file_size;	/* bytes of the file of each; a quarter of it */
	unsigned int over_high_ms;	/* delay that the ops of LOW ask for */
	unsigned int threshold;	/* page faults of HIGH a second, to trigger */
	const char *scratch_dir;	/* a directory on a disk, for data files */
};

extern struct params params;

/**
 * params_init() - take the parameters from the environment
 *
 * Exits with status 2 after a line on stderr if one makes no sense.
 */
void params_init(void);

#endif /* __LIB_PARAMS_H */
