/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_REVISION_H
#define __LIB_REVISION_H

#include <stdbool.h>

#include "link_create.h"

/*
 * What the interface of a kernel is: which callbacks memcg_bpf_ops has, how ops are
 * attached, and what else differs between the revisions of the RFC.  The kernel's
 * BTF says it or, where BTF does not, the errno of a system call that has no effect.
 *
 * Tests ask for capabilities.  revision.c is the only file that knows revisions,
 * and with progs/memcg_bpf_ops.h the place to change for another.
 */

struct bpf_object_skeleton;
struct btf;

enum revision_capability {
	/* the callbacks */
	CAN_ONLINE		= 1 << 0,
	CAN_OFFLINE		= 1 << 1,
	CAN_BELOW_LOW		= 1 << 2,
	CAN_BELOW_MIN		= 1 << 3,
	CAN_DELAY		= 1 << 4,	/* get_high_delay_ms or memcg_charged */
	CAN_UNCHARGED		= 1 << 5,
	/* what they are told */
	CAN_CHARGED_PAGES	= 1 << 6,	/* memcg_charged: nr_pages */
	CAN_THRESHOLDS		= 1 << 7,	/* below_low, below_min: threshold, usage */
	/* links */
	CAN_CGROUP_FD		= 1 << 8,	/* target_fd names the cgroup */
	CAN_LINK_END		= 1 << 9,	/* a link ends with its cgroup, and names it */
	/* kfuncs */
	CAN_RECLAIM		= 1 << 10,	/* bpf_try_to_free_mem_cgroup_pages() */
};

/**
 * revision_require() - look whether a kernel has memcg_bpf_ops
 * @btf: BTF of the kernel
 *
 * Return: NULL if it has, of whatever revision, else a text that says what is
 * missing and what to do about it, in a static buffer.
 */
const char *revision_require(const struct btf *btf);

/**
 * revision_describe() - say what a kernel has
 * @btf: BTF of the kernel, or NULL if it cannot be read
 *
 * Return: the name of its revision or, if it has none that is known, a text that says
 * so, in a static buffer.
 */
const char *revision_describe(const struct btf *btf);

/**
 * revision_unknown() - look whether the kernel's memcg_bpf_ops is one we know
 * @btf: BTF of a kernel that has it
 *
 * A kernel is held to the revision that has all of its callbacks, and most of
 * whose callbacks it has: one that has lost a callback, or swapped two, is broken.
 * With a callback that none has, or with those of two, it is of a revision to come.
 *
 * Return: NULL if so, else a text that says what the kernel has, in a static
 * buffer.
 */
const char *revision_unknown(const struct btf *btf);

/**
 * revision_check() - compare the kernel's memcg_bpf_ops with its revision
 * @btf: BTF of a kernel whose revision is known
 *
 * Return: NULL if it has the members of the revision, all of them, in their order
 * and with their prototypes, else a text that names the first difference, in a
 * static buffer.
 */
const char *revision_check(const struct btf *btf);

/**
 * revision_cannot() - look whether a test has anything to test
 * @btf: BTF of the kernel
 * @wanted: capabilities, or-ed
 *
 * Return: NULL if the kernel can do all of it, or if its revision promises what it
 * cannot, which is for revision_broken() to tell; else a text that names the first
 * thing that it has not and need not have, in a static buffer.
 */
const char *revision_cannot(const struct btf *btf, unsigned int wanted);

/**
 * revision_broken() - look whether a kernel lacks what its revision promises
 * @btf: BTF of the kernel
 * @wanted: capabilities, or-ed
 *
 * Return: NULL if it has all that is wanted, else a text that names the first thing
 * that is missing, in a static buffer.
 */
const char *revision_broken(const struct btf *btf, unsigned int wanted);

/**
 * revision_can() - look what the running kernel can do
 * @wanted: capabilities, or-ed
 *
 * Return: true if it can do all of it.
 */
bool revision_can(unsigned int wanted);

/**
 * revision_dialect() - how the running kernel is told which cgroup to attach to
 *
 * Return: the dialect that its BTF tells or, where that is silent, its answer.
 */
enum link_dialect revision_dialect(void);

/**
 * revision_ask_dialect() - the same, told by the kernel's answer and not by its BTF
 *
 * Return: the dialect.
 */
enum link_dialect revision_ask_dialect(void);

/* Why an attach is refused, where the revisions differ in the errno. */
enum revision_refusal {
	REFUSAL_UNKNOWN_FLAG,
	REFUSAL_NO_CGROUP,	/* none is named */
	REFUSAL_REMOVED_CGROUP,
	REFUSAL_NR,
};

#define REVISION_MAX_ERRNOS	2

/**
 * revision_errnos() - with which errno the running kernel is to refuse an attach
 * @refusal: why
 *
 * Return: REVISION_MAX_ERRNOS errnos, of which any will do, padded with 0; all are
 * 0 if the interface names none.
 */
const int *revision_errnos(enum revision_refusal refusal);

/**
 * revision_load() - load an object whose ops are to fit the revision of this kernel
 * @skeleton: open, not loaded yet: the member of that name of a skeleton
 *
 * Where the kernel has memcg_charged in place of get_high_delay_ms a program for
 * the one becomes that of the other.  A program for a callback that the kernel
 * lacks is left out; a test that needs the callback requires it.
 *
 * Return: 0, or -errno, which is in errno, too.
 */
int revision_load(struct bpf_object_skeleton *skeleton);

#endif /* __LIB_REVISION_H */
