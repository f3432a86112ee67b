/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_PROTECTION_PRESSURE_H
#define __PROG_TESTS_PROTECTION_PRESSURE_H

#include <limits.h>
#include <stdint.h>

#include "probe.h"
#include "size.h"
#include "swap.h"
#include "testbed.h"

/*
 * HIGH and LOW under one parent, page cache in both, and ways to take it away:
 *
 *   memcg_bpf.<name>.<pid>	PARENT: memory.swap.max = 0
 *   |-- high
 *   `-- low
 *
 * Only page cache can be reclaimed here, since there is no swap: anonymous
 * memory, once touched, stays.  A test of what is not page cache calls pressure_swap().
 */
struct pressure {
	struct testbed tb;	/* tb.cgroup is PARENT */
	char high[PATH_MAX];
	char low[PATH_MAX];
	struct probe *probe;	/* says no, until told otherwise */
	int link;		/* of the probe, or -1 */
	char swap[SWAP_PATH_MAX];	/* "": none */
};

/*
 * With smaller files what the kernel counts in batches on each processor, up to
 * 64 pages, hides what is to be seen.
 */
#define PRESSURE_MIN_FILE_SIZE ((unsigned long long)SCALED(16 * MiB))

/**
 * pressure_create() - make the cgroups, and load the probe
 * @p: what to fill in
 * @name: as for testbed_create()
 *
 * Return: 0, or a negative errno.
 */
int pressure_create(struct pressure *p, const char *name);

/**
 * pressure_swap() - let anonymous memory be reclaimed, too
 * @p: the cgroups
 * @size: bytes of swap to make
 *
 * Return: as swap_start().
 */
const char *pressure_swap(struct pressure *p, uint64_t size);

/**
 * pressure_destroy() - undo pressure_create() and pressure_swap(), and detach the probe
 * @p: what was filled in, or only zeroes
 *
 * Return: as swap_stop() or, if that is 0, as testbed_destroy().
 */
int pressure_destroy(struct pressure *p);

/**
 * pressure_file() - the path of the file that is charged to a cgroup
 * @p: the cgroups
 * @cgroup: HIGH or LOW
 * @file: where to put the path, PATH_MAX bytes
 *
 * Return: 0, or a negative errno.
 */
int pressure_file(const struct pressure *p, const char *cgroup, char *file);

/**
 * pressure_fill() - have page cache charged to a cgroup
 * @p: the cgroups
 * @cgroup: HIGH or LOW
 *
 * A worker in it writes a file of FILE_SIZE and ends.
 *
 * Return: 0, or a negative errno.
 */
int pressure_fill(const struct pressure *p, const char *cgroup);

/**
 * pressure_drop() - remove that file, and so its page cache
 * @p: the cgroups
 * @cgroup: HIGH or LOW
 *
 * Return: 0, or a negative errno.
 */
int pressure_drop(const struct pressure *p, const char *cgroup);

/**
 * pressure_reclaim() - reclaim with a cgroup as the target
 * @cgroup: its path
 * @size: how many bytes
 *
 * In many small steps, because one step of the kernel's need not look at each of
 * the cgroups below.
 *
 * Return: 0, or a negative errno; -EAGAIN if there was not enough to reclaim.
 */
int pressure_reclaim(const char *cgroup, uint64_t size);

/**
 * pressure_charge() - have anonymous memory charged to a cgroup
 * @cgroup: its path
 * @size: how many bytes
 *
 * A worker in it touches them and ends.
 *
 * Return: its status as of waitpid(), or a negative errno.
 */
int pressure_charge(const char *cgroup, uint64_t size);

/* What a cgroup has been through. */
struct pressure_counts {
	int64_t bytes;		/* memory.current */
	int64_t scanned;	/* pages: pgscan of memory.stat */
	int64_t stolen;		/* pages: pgsteal of memory.stat */
	int64_t low;		/* low of memory.events */
};

/**
 * pressure_counts() - read the counters of a cgroup
 * @cgroup: its path
 *
 * Return: the counters, a negative errno in those that could not be read.
 */
struct pressure_counts pressure_counts(const char *cgroup);

/**
 * pressure_since() - what a cgroup has been through since
 * @cgroup: its path
 * @before: its counters then
 *
 * Return: by how much memory.current has fallen, and the others risen.
 */
struct pressure_counts pressure_since(const char *cgroup,
				      struct pressure_counts before);

#endif /* __PROG_TESTS_PROTECTION_PRESSURE_H */
