/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_OWNER_H
#define __LIB_OWNER_H

#include <stdint.h>

struct probe;

/*
 * Find the owner of a cgroup.  The ops are instances of the probe, which count the calls
 * of their callbacks.  The kernel can be made to call them in two ways:
 *
 *   reclaim	from an ancestor: it calls below_low and below_min for each memcg below.
 *		One write finds the owners of all cgroups, also of those without tasks.
 *   charge	it calls the delay callback for the memcg that is charged.  A worker goes
 *		from cgroup to cgroup and touches memory.
 *
 * A test of reclaim finds owners by charge, and a test of charges by reclaim.
 */

#define OWNER_NOBODY	(-1)
#define OWNER_SEVERAL	(-2)

struct owner_search {
	struct probe **probes;	/* NULL among them: left out */
	int nr;
	const char *reclaim;	/* cgroup above all those looked at; NULL: charge them */
	struct probe *witness;	/* ops that each reclaim asks; NULL: none are known */
};

/**
 * owners_find() - find out whose ops cgroups have
 * @search: which ops to look for, and how
 * @cgroups: paths of the cgroups; by charge, of leaves
 * @nr: how many
 * @owners: where to put, for each, an index of the probes, OWNER_NOBODY if none of
 *	them was asked, or OWNER_SEVERAL if more than one was or, by charge, one for
 *	another cgroup
 * @strays: where to put, for each probe, how often it was asked for other cgroups, or
 *	NULL
 *
 * Return: 0, or a negative errno, after a line on stderr.
 */
int owners_find(const struct owner_search *search, char *const cgroups[], int nr,
		int owners[], uint64_t strays[]);

/**
 * owner_by_charge() - find out whose ops one cgroup has
 * @probes: instances
 * @nr: how many
 * @cgroup: path of the cgroup, a leaf
 *
 * Return: as owners_find() fills in, or another negative number if it fails.
 */
int owner_by_charge(struct probe *probes[], int nr, const char *cgroup);

#endif /* __LIB_OWNER_H */
