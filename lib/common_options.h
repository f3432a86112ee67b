/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_COMMON_OPTIONS_H
#define __LIB_COMMON_OPTIONS_H

#include "option.h"

/*
 * Options that tests and benchmarks share: what is the same wherever they are.  After
 * the arguments that are listed there may be others, as in OPT_UINT().
 */

/* Below 32 MiB a task cannot even start. */
#define OPT_CG_LIMIT(field_, help_, ...)				\
	OPT_SIZE("CG_LIMIT", field_, 32 << 20, UINT64_MAX, "256M", help_, ##__VA_ARGS__)

#define OPT_FILE_SIZE(field_, text_, ...)				\
	OPT_SIZE("FILE_SIZE", field_, 1 << 20, UINT64_MAX, text_,	\
		 "size of the file of each of them", ##__VA_ARGS__)

#define OPT_OVER_HIGH_MS(field_, min_, text_, help_, ...)		\
	OPT_UINT("OVER_HIGH_MS", field_, min_, 60000, text_, help_,	\
		 .unit = "ms", ##__VA_ARGS__)

#define OPT_THRESHOLD(field_, low_, ...)				\
	OPT_UINT("THRESHOLD", field_, 0, 1000000, "1",			\
		 "page faults of HIGH a second above which " low_ " delayed", ##__VA_ARGS__)

#define OPT_SCRATCH_DIR(field_, ...)					\
	OPT_PATH("SCRATCH_DIR", field_, "/var/tmp",			\
		 "directory for data files, on a disk, not on tmpfs", ##__VA_ARGS__)

#define OPT_SEED(field_, min_, help_, ...)				\
	OPT_UINT("SEED", field_, min_, UINT32_MAX, NULL, help_, ##__VA_ARGS__)

/* of tests and benchmarks in which HIGH and LOW do the same */
#define HELP_RIVALS_CG_LIMIT		"memory.max of the parent of HIGH and LOW"
#define HELP_RIVALS_OVER_HIGH_MS	"delay that LOW's ops ask for"

#endif /* __LIB_COMMON_OPTIONS_H */
