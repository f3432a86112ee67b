/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_REQUIRE_H
#define __LIB_REQUIRE_H

#include <stdint.h>

#include "revision.h"

/* What a test needs of the system. */
enum requirement {
	REQUIRE_MEMCG_BPF_OPS	= 1 << 0,	/* and what it takes to attach */
	REQUIRE_MEMCG_EVENTS	= 1 << 1,	/* memcg:count_memcg_events */
	REQUIRE_PSI		= 1 << 2,
	REQUIRE_PAGE_CACHE	= 1 << 3,	/* reclaimable, in SCRATCH_DIR */
	REQUIRE_BPFFS		= 1 << 4,	/* to pin to */
	REQUIRE_TWO_CPUS	= 1 << 5,	/* for tasks that run at the same time */
	REQUIRE_LOOP		= 1 << 6,	/* loop devices */
};

/**
 * require_set_size() - say how much memory and disk the tests of a program take
 * @bytes: how much; 64 MiB for a program that does not say, more where pages are large
 *
 * As scratch_set_dir().
 */
void require_set_size(uint64_t bytes);

/**
 * require() - look whether a test can run
 * @requirements: what it needs, or-ed
 *
 * Root with its rights, BTF, a memory controller on cgroup v2 and what testbed_create()
 * takes are needed in any case.  Resource limits of the process that are too low are
 * raised, if that is allowed.
 *
 * Return: NULL if all is there, else a text that names the first thing missing
 * and what to do about it, in a static buffer.
 */
const char *require(unsigned int requirements);

/**
 * require_capabilities() - look whether the kernel's memcg_bpf_ops can be tested
 * @wanted: capabilities of revision.h, or-ed
 * @broken: where to put a text if the kernel's revision promises one of them and the
 *	kernel lacks it, which is a failure; or else NULL
 *
 * To be called after require() with REQUIRE_MEMCG_BPF_OPS has returned NULL.
 *
 * Return: as require(), for capabilities that its revision does not promise.
 */
const char *require_capabilities(unsigned int wanted, const char **broken);

#endif /* __LIB_REQUIRE_H */
